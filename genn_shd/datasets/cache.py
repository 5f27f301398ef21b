"""The folder of data sets, and the download of the published ones into it.

The layout is tonic's (`FOLDER/SHD/shd_train.h5.zip`, `FOLDER/SHD/shd_train.h5`), so that a folder which tonic
filled is used as it is, and the other way round. Addresses, names and checksums are tonic's too.
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
    described(
        f"folder that keeps data sets; ${ENVIRONMENT_VARIABLE}, else {DEFAULT_FOLDER}, where not set", is_path=True
    ),
]
"""The setting of loaders that keep files."""


def find_data_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of data sets: `data_dir`, else $GENN_SHD_DATA, else `~/.cache/genn_shd/data`."""
    return Path(data_dir or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_FOLDER).expanduser()


def fetch(source: Any, part: str, data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the HDF5 file of one part of a published data set; it is downloaded and checked if it is not there yet.

    Parameters
    ----------
    source : tonic's class for the data set: `tonic.datasets.SHD` or `tonic.datasets.SSC`.
    part : `train`, `test`, or `valid` where there is one.
    data_dir : see `find_data_folder`.

    Raises
    ------
    DataError
        The file is neither there nor can it be downloaded, or what was downloaded is damaged.
    """
    archive, md5 = getattr(source, f"{part}_zip"), getattr(source, f"{part}_md5")
    folder = find_data_folder(data_dir) / source.__name__
    extracted = folder / archive.removesuffix(".zip")
    if extracted.is_file():
        return extracted
    url = source.base_url + archive
    try:
        # tonic reports on standard output, which belongs to the results of a command.
        with contextlib.redirect_stdout(sys.stderr):
            _download(url, archive, md5, folder)
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{extracted}: not there, and {url} cannot be downloaded ({reason}); put {archive} into {folder} "
            f"by hand, or name another folder by data_dir or the environment variable {ENVIRONMENT_VARIABLE}."
        ) from None
    return extracted


def _download(url: str, archive: str, md5: str, folder: Path) -> None:
    """Download an archive and extract it into `folder`, each by one rename: other runs may want the same file."""
    from tonic.download_utils import check_integrity, download_url, extract_archive  # slow to import

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        if not check_integrity(str(folder / archive), md5):
            download_url(url, temporary, archive, md5)
            Path(temporary, archive).replace(folder / archive)
        extract_archive(str(folder / archive), temporary)
        extracted = archive.removesuffix(".zip")
        Path(temporary, extracted).replace(folder / extracted)
