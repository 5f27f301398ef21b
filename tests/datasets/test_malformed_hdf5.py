"""Malformed HDF5 files: each is refused in one line or read, within seconds and little memory, never a traceback."""

import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from genn_shd import DataError, write_spike_file
from genn_shd.datasets import hdf5
from genn_shd.spikes.hdf5_claims import check_claim
from tests.datasets.load_all import load_all
from tests.forked import Forked

SEED, NUM_FILES = 20260801, 300


def damaged(content: bytes, draw: random.Random) -> bytes:
    """A copy with zeros, noise or a large number somewhere."""
    start, length = draw.randrange(len(content)), draw.choice([1, 4, 8, 64, 700, 4096])
    length = min(length, len(content) - start)
    patch = draw.choice([bytes(length), draw.randbytes(length), b"\xff" * length])
    return content[:start] + patch + content[start + length :]


def write_otherwise(path, trains, time_type="<f4", unit_type="<u2", **layout):
    """The samples in a file of another byte order, or with its rows in chunks."""
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", (len(trains),), h5py.vlen_dtype(np.dtype(time_type)), **layout)
        units = file.create_dataset("spikes/units", (len(trains),), h5py.vlen_dtype(np.dtype(unit_type)), **layout)
        for k in range(len(trains)):
            times[k], units[k] = trains[k][0].astype(time_type) / 1000, trains[k][1].astype(unit_type)
        file.create_dataset("labels", data=trains.labels, **layout)


WRITERS = {
    "as written": lambda path, trains: write_spike_file(path, trains, ["a", "b", "c", "d"], ["Ada", "Bo", "Cy"]),
    "big-endian": lambda path, trains: write_otherwise(path, trains, ">f4", ">i2"),
    "chunked": lambda path, trains: write_otherwise(path, trains, chunks=(4,)),
    "compressed": lambda path, trains: write_otherwise(path, trains, chunks=(4,), compression="gzip", shuffle=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_damaged_files_end_in_one_line(tmp_path, trains, writer):
    WRITERS[writer](tmp_path / "good.h5", trains)
    hdf5.load(tmp_path / "good.h5")
    content, draw = (tmp_path / "good.h5").read_bytes(), random.Random(SEED)
    paths = []
    for k in range(NUM_FILES if writer == "as written" else NUM_FILES // 3):
        paths.append(tmp_path / f"{k}.h5")
        paths[-1].write_bytes(damaged(content, draw))
    loading = Forked(load_all, *paths)
    out, err = loading.communicate(timeout=120)
    assert loading.returncode == 0, err[-2000:]
    worst, memory = map(float, out.split())
    print(f"worst {worst:.2f} s, {memory:.0f} MB")
    assert worst < 5 and memory < 1000


@pytest.mark.parametrize("claimed", [10**8, 10**12])
@pytest.mark.parametrize("key", ["spikes", "labels", "extra/speaker", "extra/keys", "extra/meta_info/speaker_names"])
def test_a_few_kilobytes_that_claim_more_are_refused(tmp_path: Path, trains, key, claimed):
    path = tmp_path / "a.h5"
    write_spike_file(path, trains)
    with h5py.File(path, "a") as file:
        keys = ["spikes/times", "spikes/units"] if key == "spikes" else [key]
        for name in keys:
            kind = file[name].dtype if name in file else np.dtype("S8")
            kind = np.dtype("i4") if name == "extra/speaker" else kind
            if name in file:
                del file[name]
            file.create_dataset(name, (claimed,), kind, chunks=(1024,))
    with pytest.raises(DataError) as caught:
        hdf5.load(path)
    assert "\n" not in str(caught.value) and ("claims" in str(caught.value) or "has shape" in str(caught.value))


def test_a_damaged_name_and_rows_beyond_the_end_are_refused(tmp_path: Path, trains, monkeypatch):
    path = tmp_path / "a.h5"
    write_spike_file(path, trains)
    with h5py.File(path, "a") as file:
        file[b"\xffodd"] = 1
        file.move("spikes/times", "spikes/other")
    with pytest.raises(DataError, match=r"spikes/times is missing.*\\xffodd"):
        hdf5.load(path)
    with h5py.File(path, "a") as file:
        file.move("spikes/other", "spikes/times")
    monkeypatch.setattr("genn_shd.spikes.hdf5_claims._locate_rows", lambda dataset: iter([(0, 10**12)]))
    with pytest.raises(DataError, match="rows of spikes/times lie beyond its end"):
        hdf5.load(path)


def test_a_huge_chunk_is_refused(tmp_path: Path, trains):
    path = tmp_path / "a.h5"
    write_spike_file(path, trains)
    with h5py.File(path, "a") as file:
        del file["labels"]
        file.create_dataset("labels", (12,), "i4", maxshape=(None,), chunks=(10**8,))
    with pytest.raises(DataError, match="chunks of 0.4 GB"):
        hdf5.load(path)


def test_values_of_other_files_and_disks_that_count_no_blocks_are_no_empty_claims(tmp_path, monkeypatch):
    layout = h5py.VirtualLayout((300_000,), "i8")
    for half in range(2):
        with h5py.File(tmp_path / f"part_{half}.h5", "w") as file:
            file["labels"] = np.full(150_000, half)
        layout[half * 150_000 : (half + 1) * 150_000] = h5py.VirtualSource(
            tmp_path / f"part_{half}.h5", "labels", (150_000,)
        )
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file.create_virtual_dataset("labels", layout)
        file["stored"] = np.zeros(300_000)
    monkeypatch.setattr("genn_shd.spikes.hdf5_claims._count_blocks", lambda path: 0)
    with h5py.File(tmp_path / "whole.h5") as file:
        check_claim(file["labels"])
        check_claim(file["stored"])
