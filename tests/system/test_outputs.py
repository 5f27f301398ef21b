import argparse
import os

import h5py
import pytest

from genn_shd import SettingError
from genn_shd.system import outputs
from genn_shd.system.files import write_text

MARK = outputs.mark("encode")


def own(path, mark=MARK):
    with h5py.File(path, "w") as file:
        file.attrs[outputs.ATTRIBUTE] = mark
    return path


def refusal(path, *args, kind=outputs.HDF5, **kwargs):
    with pytest.raises(SettingError) as caught:
        outputs.check(path, kind, MARK, *args, **kwargs)
    return str(caught.value)


def test_new_files_and_own_ones_are_written(tmp_path):
    outputs.check(tmp_path / "new.h5", outputs.HDF5, MARK)
    outputs.check(own(tmp_path / "own.h5"), outputs.HDF5, MARK, [tmp_path / "missing.wav"])


@pytest.mark.parametrize("mark", ["genn_shd.record", f"{MARK} of others", "h5py"])
def test_files_with_other_marks_are_written_if_asked(tmp_path, mark):
    path = own(tmp_path / "other.h5", mark)
    assert "was not made by this command" in refusal(path)
    outputs.check(path, outputs.HDF5, MARK, overwrite=True)


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n"])
def test_other_formats_are_never_written_over(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    assert "exists and is not an HDF5 file" in refusal(tmp_path / "a.h5", overwrite=True)


def test_damaged_files_are_nobodys(tmp_path):
    path = own(tmp_path / "a.h5")
    path.write_bytes(path.read_bytes()[:100])
    assert "was not made by this command" in refusal(path)


def test_what_is_no_file_is_in_the_way(tmp_path):
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for path in (tmp_path, tmp_path / "dangling", outputs.Path(os.devnull)):
        assert "exists and is not a file" in refusal(path, overwrite=True)


def test_marks_tell_commands_and_sources_apart(tmp_path):
    a, b = tmp_path / "a.wav", tmp_path / "b.wav"
    marks = [outputs.mark("encode", sources) for sources in ([a, b], [b, a], [a], [])]
    assert marks[0] == marks[1]
    assert len({*marks, outputs.mark("listen", [a])}) == 4


def test_an_option_asks_for_it():
    parser = argparse.ArgumentParser()
    outputs.add_overwrite(parser)
    assert parser.parse_args(["--overwrite"]).overwrite and not parser.parse_args([]).overwrite


def test_unfinished_files_have_names_of_their_own(tmp_path):
    notes = tmp_path / ".summary.json.tmp"
    notes.write_text("my notes")
    write_text(tmp_path / "summary.json", "{}")
    assert notes.read_text() == "my notes"
    write_text(tmp_path / ("x" * 255), "{}")
    assert len(list(tmp_path.iterdir())) == 3
