"""The folder of data sets, and the download of published ones.

The layout is that of tonic (`FOLDER/SHD/shd_train.h5.zip`, `FOLDER/SHD/shd_train.h5`), so both can share a folder.
Addresses, names and checksums are also tonic's.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Any

from ..errors import DataError
from ..system.described import described

ENVIRONMENT_VARIABLE = "GENN_SHD_DATA"
DEFAULT_FOLDER = "~/.cache/genn_shd/data"

DataDir = Annotated[
    str | os.PathLike[str] | None,
    described(f"folder of data sets; default: ${ENVIRONMENT_VARIABLE}, or {DEFAULT_FOLDER}", is_path=True),
]
"""Type of the setting `data_dir` of loaders."""


def find_data_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of data sets: `data_dir`, else $GENN_SHD_DATA if it is set, else `~/.cache/genn_shd/data`."""
    return Path(data_dir or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_FOLDER).expanduser()


def fetch(source: Any, part: str, data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the HDF5 file of one part of a published data set; download and check it if it is missing.

    Parameters
    ----------
    source : tonic's class for the data set: `tonic.datasets.SHD` or `tonic.datasets.SSC`.
    part : `train`, `test`, or `valid` if there is one.
    data_dir : see `find_data_folder`.

    Raises
    ------
    DataError
        The file is missing and cannot be downloaded, or the downloaded file is damaged.
    """
    archive, md5 = getattr(source, f"{part}_zip"), getattr(source, f"{part}_md5")
    folder = find_data_folder(data_dir) / source.__name__
    extracted = folder / archive.removesuffix(".zip")
    if extracted.is_file():
        return extracted
    url = source.base_url + archive
    try:
        # tonic prints to standard output, where commands print only their results.
        with contextlib.redirect_stdout(sys.stderr):
            _download(url, archive, md5, folder)
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{extracted} is missing, and {url} cannot be downloaded ({reason}); put {archive} into {folder} "
            f"by hand, or set another folder with data_dir or the environment variable {ENVIRONMENT_VARIABLE}."
        ) from None
    return extracted


def _download(url: str, archive: str, md5: str, folder: Path) -> None:
    """Download an archive and extract it into `folder`; files appear by renaming, as other runs may read them."""
    from tonic.download_utils import check_integrity, download_url, extract_archive  # slow to import

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        if not check_integrity(str(folder / archive), md5):
            download_url(url, temporary, archive, md5)
            Path(temporary, archive).replace(folder / archive)
        extract_archive(str(folder / archive), temporary)
        extracted = archive.removesuffix(".zip")
        Path(temporary, extracted).replace(folder / extracted)
