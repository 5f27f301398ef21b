"""SHD and SSC through tonic: a local server and small archives stand in for the published ones."""

import functools
import hashlib
import http.server
import importlib
import threading
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest

from genn_shd import DataError, load_dataset
from genn_shd.datasets import cache

PARTS = {"SHD": ("train", "test"), "SSC": ("train", "valid", "test")}


@pytest.fixture
def folder(raw_file, tmp_path) -> Path:
    """A data folder with SHD and SSC extracted, as tonic leaves it; float16 spikes out of order."""
    for name, parts in PARTS.items():
        for shift, part in enumerate(parts):
            raw_file(
                [[0.5, 0.125, 1.25], [], [0.25 + shift / 8]],
                [[1, 2, 3], [], [699]],
                np.array([0, 1, 2], "u2"),
                name=f"data/{name}/{name.lower()}_{part}.h5",
                time_type="f2",
                extra__speaker=np.array([0, 5, shift], "u2"),
                extra__keys=[b"zero", b"one", b"two"],
            )
    return tmp_path / "data"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise urllib.error.URLError("Name or service\nnot known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.fixture
def datasets():
    """The module tonic.datasets, which takes half a second to import."""
    return importlib.import_module("tonic.datasets")


@pytest.fixture
def server(datasets, folder, tmp_path, monkeypatch):
    """Serves both data sets as archives, under the addresses and checksums that tonic's classes are given."""
    site = tmp_path / "site"
    site.mkdir()
    for name, parts in PARTS.items():
        source = getattr(datasets, name)
        for part in parts:
            archive = getattr(source, f"{part}_zip")
            extracted = archive.removesuffix(".zip")
            with zipfile.ZipFile(site / archive, "w") as zipped:
                zipped.write(folder / name / extracted, extracted)
            digest = hashlib.md5((site / archive).read_bytes()).hexdigest()
            monkeypatch.setattr(source, f"{part}_md5", digest)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setattr(datasets.hsd.HSD, "base_url", f"http://127.0.0.1:{running.server_port}/")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield site
        running.shutdown()


def test_shd_is_read_sorted_with_its_names(folder, no_network):
    data = load_dataset("shd", data_dir=folder)
    assert (data.name, data.num_input, data.num_classes, data.duration) == ("shd", 700, 3, 1000.0)
    assert data.class_names == ("zero", "one", "two")
    assert data.speaker_names == tuple(map(str, range(6)))
    assert data.train[0][0].tolist() == [125.0, 500.0, 1250.0] and data.train[0][1].tolist() == [2, 1, 3]
    assert data.train.counts.tolist() == [3, 0, 1]
    assert data.test.times[-1] == 375.0 and data.test.speakers.tolist() == [0, 5, 1]
    assert data.validation is None


def test_ssc_has_an_official_validation_set(folder, no_network):
    data = load_dataset("ssc", data_dir=folder)
    assert [part.times[-1] for part in data.parts.values()] == [250.0, 375.0, 500.0]
    assert list(data.parts) == ["train", "validation", "test"]


def test_samples_are_those_that_tonic_gives(datasets, folder):
    for part in ("train", "test"):
        (folder / "SHD" / f"shd_{part}.h5.zip").touch()  # by which tonic knows that it has downloaded
    theirs = datasets.SHD(save_to=str(folder), train=True)
    ours = load_dataset("shd", data_dir=folder).train
    assert len(theirs) == len(ours)
    for (events, label), (times, units), our_label in zip(theirs, ours, ours.labels, strict=True):
        events = np.sort(events, order="t")
        assert np.allclose(events["t"] / 1000, times, atol=1e-3) and events["x"].tolist() == units.tolist()
        assert label == our_label


def test_the_environment_names_the_folder(folder, no_network, monkeypatch):
    monkeypatch.setenv("GENN_SHD_DATA", str(folder))
    assert len(load_dataset("shd").train) == 3
    assert cache.find_data_folder("~/here") == Path.home() / "here"
    monkeypatch.delenv("GENN_SHD_DATA")
    assert cache.find_data_folder() == Path.home() / ".cache/genn_shd/data"


def test_what_is_missing_is_downloaded_checked_and_kept(datasets, server, tmp_path, capsys, monkeypatch):
    fresh = tmp_path / "fresh"
    assert len(load_dataset("ssc", data_dir=fresh).validation) == 3
    kept = sorted(p.name for p in (fresh / "SSC").iterdir())
    assert kept == [f"ssc_{part}.h5{end}" for part in ("test", "train", "valid") for end in ("", ".zip")]
    assert capsys.readouterr().out == ""  # standard output belongs to the command
    monkeypatch.setattr(datasets.hsd.HSD, "base_url", "http://127.0.0.1:9/")
    assert len(load_dataset("ssc", data_dir=fresh).train) == 3  # no second download
    assert len(datasets.SSC(save_to=str(fresh), split="valid")) == 3  # nor for tonic


def test_an_archive_put_there_by_hand_is_checked_and_extracted(server, tmp_path, no_network):
    for part in ("train", "test"):
        archive = tmp_path / "fresh" / "SHD" / f"shd_{part}.h5.zip"
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.write_bytes((server / archive.name).read_bytes())
    assert len(load_dataset("shd", data_dir=tmp_path / "fresh").train) == 3


def test_a_damaged_archive_is_downloaded_again(server, tmp_path):
    archive = tmp_path / "fresh" / "SHD" / "shd_train.h5.zip"
    archive.parent.mkdir(parents=True)
    archive.write_bytes((server / archive.name).read_bytes()[:100])
    assert len(load_dataset("shd", data_dir=tmp_path / "fresh").train) == 3
    assert archive.read_bytes() == (server / archive.name).read_bytes()


def test_a_download_with_the_wrong_checksum_leaves_nothing(server, tmp_path):
    (server / "shd_train.h5.zip").write_bytes(b"an error page")
    with pytest.raises(DataError, match=r"cannot be downloaded .*corrupted"):
        load_dataset("shd", data_dir=tmp_path / "fresh")
    assert list((tmp_path / "fresh" / "SHD").iterdir()) == []


def test_without_network_the_error_says_what_to_do(no_network, tmp_path):
    with pytest.raises(DataError) as caught:
        load_dataset("shd", data_dir=tmp_path / "empty")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{tmp_path}/empty/SHD/shd_train.h5 is missing, and https://zenkelab.org/datasets/")
    assert "Name or service not known" in message
    assert f"put shd_train.h5.zip into {tmp_path}/empty/SHD by hand" in message
    assert "data_dir" in message and "GENN_SHD_DATA" in message


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot be downloaded .*put shd_train\.h5\.zip into"):
        load_dataset("shd", data_dir=tmp_path / "file")


def test_a_truncated_file_in_the_folder(folder, no_network):
    path = folder / "SHD" / "shd_train.h5"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match="truncated"):
        load_dataset("shd", data_dir=folder)
