"""`python -m genn_shd.encode`: good files, bad files, and being stopped."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import threading
import zlib

import h5py
import numpy as np
import pytest
import soundfile

from genn_shd import DataError, SettingError, encode
from genn_shd.datasets import hdf5
from genn_shd.speech import SAMPLE_RATE, audio, encoding, encoding_log
from genn_shd.speech import encoder as encoder_module
from genn_shd.speech.encoding_log import EncodingLog
from genn_shd.speech.naming import Pattern, Table, number_names
from genn_shd.system import progress
from genn_shd.system.progress import Count
from tests.compiler_flags import VECTORS
from tests.disk import room_for
from tests.speech.conftest import tone

pytestmark = pytest.mark.cflags(VECTORS)

FEW = ("--channels", "40", "--workers", "1")


@pytest.fixture
def folder(tmp_path):
    """Two words by two speakers, FLAC and OGG among them."""
    path = tmp_path / "sounds"
    path.mkdir()
    for name, frequency in (("low_ann_0.wav", 300), ("high_ann_0.flac", 3000), ("low_bob_0.ogg", 350)):
        soundfile.write(path / name, tone(frequency, 150, 16_000), 16_000)
    return path


def encoded(folder, *more):
    out = folder.parent / "spikes.h5"
    assert encode.main([str(folder), "--out", str(out), *FEW, *more]) == 0
    return out


def test_a_folder_becomes_a_data_set_that_loads(folder):
    out = encoded(folder, "--pattern", "{label}_{speaker}_{}")
    data = hdf5.load(out, num_units=40)
    assert data.class_names == ("high", "low")
    assert data.speaker_names == ("ann", "bob")
    assert data.train.labels.tolist() == [0, 1, 1]
    assert data.train.speakers.tolist() == [0, 0, 1]
    assert data.train.counts.min() > 10
    assert data.train.duration < 250
    high, low, other = (np.median(units) for _, units in data.train)
    assert high < low
    assert abs(low - other) < 3
    with h5py.File(out) as file:
        assert file["extra/file"][:].tolist() == [b"high_ann_0.flac", b"low_ann_0.wav", b"low_bob_0.ogg"]


def test_names_come_from_a_table(folder):
    table = folder.parent / "table.csv"
    table.write_text("file,label,speaker\n" + "".join(f"sounds/{p.name},{p.name[0]},x\n" for p in folder.iterdir()))
    data = hdf5.load(encoded(folder, "--csv", str(table), "--classes", "l,h"), num_units=40)
    assert data.class_names == ("l", "h")
    assert data.train.labels.tolist() == [1, 0, 0]


def table_of(folder, *rows):
    table = folder.parent / "table.csv"
    table.write_text("\n".join(["file,label,speaker", *rows]), encoding="utf-8")
    return Table(table)


def test_labels_that_read_alike_are_one_and_case_alone_tells_two_apart(tmp_path):
    table = table_of(tmp_path / "x", "a.wav,fünf ,Zoë", "b.wav, fu\u0308nf,Zoe\u0308", "c.wav,Fünf,zoë")
    names = [table.find_names(tmp_path / f"{letter}.wav") for letter in "abc"]
    labels, classes = number_names([n.label for n in names])
    assert classes == ["Fünf", "fünf"] and labels.tolist() == [1, 1, 0]
    labels, classes = number_names([n.label for n in names[:2]], ["SECHS", "FÜNF"])
    assert classes == ["SECHS", "FÜNF"] and labels.tolist() == [1, 1]
    with pytest.raises(SettingError, match="'Fünf' is not among the given classes: fünf"):
        number_names([n.label for n in names], ["fünf"])
    with pytest.raises(SettingError, match="have 'a' twice"):
        number_names(["a"], ["a", " a"])


def test_a_table_that_says_two_things_of_a_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="a.wav is listed twice, as 'one', 'x' and as 'two', 'x'; keep one of them"):
        table_of(tmp_path / "x", "a.wav,one,x", "./a.wav,two,x")
    twice = table_of(tmp_path / "x", "a.wav,one,x", "./a.wav, one,x")
    assert twice.find_names(tmp_path / "a.wav").label == "one"


def test_a_table_finds_a_file_whose_name_is_in_another_normal_form(tmp_path):
    table = table_of(tmp_path / "x", "fünf.wav,five,x", " sub/six.wav ,six,x")
    assert table.find_names(tmp_path / "fu\u0308nf.wav").label == "five"
    assert table.find_names(tmp_path / "sub" / "six.wav").label == "six"


def test_spikes_do_not_depend_on_other_files_or_on_workers(folder):
    many = hdf5.load(encoded(folder, "--pattern", "{label}_{}", "--workers", "2"), num_units=40)
    (folder / "high_ann_0.flac").unlink()
    fewer = hdf5.load(encoded(folder, "--pattern", "{label}_{}"), num_units=40)
    np.testing.assert_array_equal(many.train[1][0], fewer.train[0][0])
    np.testing.assert_array_equal(many.train[1][1], fewer.train[0][1])


def test_it_goes_on_where_it_was_stopped(folder, monkeypatch, capsys):
    whole = encoded(folder).read_bytes()
    read = audio.read

    def stopped(path, crop=None):
        if path.suffix == ".ogg":
            raise KeyboardInterrupt
        return read(path, crop)

    monkeypatch.setattr(encoder_module.audio, "read", stopped)
    out = folder.parent / "spikes.h5"
    out.unlink()
    assert encode.main([str(folder), "--out", str(out), *FEW]) == 130
    assert not out.exists()
    log = folder.parent / ".spikes.h5.journal"
    log.write_bytes(log.read_bytes() + b"cut off")
    monkeypatch.setattr(encoder_module.audio, "read", read)
    capsys.readouterr()
    assert encoded(folder).read_bytes() == whole
    assert re.search("[12] of 3 files were encoded before", capsys.readouterr().err)
    assert not log.exists()


def test_a_file_that_changed_is_encoded_anew(folder, tmp_path):
    first = folder / "low_ann_0.wav"
    status = encoder_module._make_file_key(first, encoder_module.EncoderSettings())
    soundfile.write(first, tone(900, 170, 16_000), 16_000)
    assert encoder_module._make_file_key(first, encoder_module.EncoderSettings()) != status


def test_an_encoding_log_forgets_what_is_damaged(tmp_path):
    path = tmp_path / "journal"
    spikes = np.array([1.0, 2.0], np.float32), np.array([3, 4], np.uint16)
    with EncodingLog(path) as log:
        for key in (b"a" * 32, b"b" * 32):
            log.add(key, spikes)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with EncodingLog(path) as log:
        assert b"a" * 32 in log
        assert b"b" * 32 not in log
        log.add(b"c" * 32, spikes)
    with EncodingLog(path) as again:
        np.testing.assert_array_equal(again[b"c" * 32][0], spikes[0])


def record(key, spikes):
    """A record of an encoding log as the first versions wrote them, into a file that began with it."""
    content = spikes[0].tobytes() + spikes[1].tobytes()
    return struct.pack("<32sQI", key, len(spikes[0]), zlib.crc32(content)) + content


def test_an_encoding_log_of_an_earlier_version_is_gone_on_from(tmp_path):
    spikes = np.array([1.0, 2.0], np.float32), np.array([3, 4], np.uint16)
    path = tmp_path / "journal"
    path.write_bytes(record(b"a" * 32, spikes) + b"cut")
    for key in (b"b" * 32, b"c" * 32):
        with EncodingLog(path) as log:
            assert b"a" * 32 in log
            log.add(key, spikes)
    with EncodingLog(path) as log:
        assert b"b" * 32 in log


@pytest.mark.parametrize("start", [b"", b"genn_shd", b"genn_shd journal\n"])
def test_an_encoding_log_cut_off_before_its_first_record_is_begun_anew(tmp_path, start):
    (tmp_path / "journal").write_bytes(start)
    with EncodingLog(tmp_path / "journal") as log:
        log.add(b"a" * 32, (np.zeros(0, np.float32), np.zeros(0, np.uint16)))
    with EncodingLog(tmp_path / "journal") as log:
        assert b"a" * 32 in log


def test_a_file_of_the_users_named_like_the_encoding_log_stays(folder, capsys):
    notes = folder.parent / ".spikes.h5.journal"
    notes.write_text("my notes on spikes, which took a while")
    assert encode.main([str(folder), "--out", str(folder.parent / "spikes.h5"), *FEW]) == 2
    assert ".spikes.h5.journal exists and is not an encoding log of genn_shd; move it" in one_line(capsys)
    assert notes.read_text() == "my notes on spikes, which took a while"


def one_line(capsys):
    """What was said on standard error, if it was one line."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said


HOLD = """
import sys
import threading
from pathlib import Path
from genn_shd.speech.encoding_log import EncodingLog
with EncodingLog(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_two_processes_do_not_write_one_file(folder, capsys):
    log = folder.parent / ".spikes.h5.journal"
    command = [sys.executable, "-c", HOLD, str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        before = log.read_bytes()
        assert encode.main([str(folder), "--out", str(folder.parent / "spikes.h5"), *FEW]) == 2
        assert "another process is encoding into it; wait for it, or choose another --out" in one_line(capsys)
        assert log.read_bytes() == before
        other.kill()
        other.wait()
    encoded(folder)  # the lock of a dead process is gone


def test_an_encoding_log_that_was_deleted_before_it_was_locked_is_not_written(tmp_path, monkeypatch):
    path, try_lock = tmp_path / "journal", encoding_log.try_lock
    looked = []

    def slow(file):
        if not looked:
            path.unlink()  # as the process does that had it before
        looked.append(file)
        return try_lock(file)

    monkeypatch.setattr(encoding_log, "try_lock", slow)
    with EncodingLog(path) as log:
        log.add(b"a" * 32, (np.zeros(0, np.float32), np.zeros(0, np.uint16)))
    assert len(looked) == 2
    assert path.stat().st_size > 0


def test_on_a_full_disk_what_was_encoded_is_kept(folder, capsys):
    whole = encoded(folder, "--pattern", "{label}_{}").read_bytes()
    out = folder.parent / "spikes.h5"
    out.unlink()
    capsys.readouterr()
    with room_for(1_000):  # some of the three
        assert encode.main([str(folder), "--out", str(out), *FEW, "--pattern", "{label}_{}"]) == 2
    assert re.search(r"cannot be written \(File too large\). The [12] files encoded so far are kept", one_line(capsys))
    assert not out.exists()
    assert encoded(folder, "--pattern", "{label}_{}").read_bytes() == whole
    assert re.search("[12] of 3 files were encoded before", capsys.readouterr().err)
    assert sorted(p.name for p in folder.parent.iterdir()) == ["sounds", "spikes.h5"]


def test_without_room_for_the_result_all_is_kept(folder, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(encoding_log.EncodingLog, "remove", lambda self: None)
        size = encoded(folder).stat().st_size
    (folder.parent / "spikes.h5").unlink()
    capsys.readouterr()
    with room_for(size - 1):
        assert encode.main([str(folder), "--out", str(folder.parent / "spikes.h5"), *FEW]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 2 and said.startswith("resuming: 3 of 3 files were encoded before\n")
    assert "spikes.h5: cannot write this file (File too large)" in said
    assert "The encoded files are kept; the same command resumes" in said
    encoded(folder)
    assert "3 of 3 files were encoded before" in capsys.readouterr().err


def refused(folder, capsys, out, *more):
    """What is said where `out` is not written, and stays as it was."""
    before = out.read_bytes()
    capsys.readouterr()
    assert encode.main([*map(str, sorted(folder.iterdir())), "--out", str(out), *FEW, *more]) == 2
    assert out.read_bytes() == before
    return one_line(capsys)


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_recording_is_never_written_over(folder, capsys, more):
    first, *_ = sorted(folder.iterdir())
    (folder.parent / "hard.h5").hardlink_to(first)
    (folder.parent / "soft.h5").symlink_to(first)
    for out in (first, folder.parent / "hard.h5", folder.parent / "soft.h5"):
        assert f"{out} is one of the files to read, and would be lost" in refused(folder, capsys, out, *more)
    shutil.copy(first, folder.parent / "other.wav")
    assert "other.wav exists and is not an HDF5 file" in refused(folder, capsys, folder.parent / "other.wav", *more)
    table = folder.parent / "table.csv"
    table.write_text("file,label\n" + "".join(f"sounds/{p.name},a\n" for p in folder.iterdir()))
    assert "one of the files to read" in refused(folder, capsys, table, "--csv", str(table), *more)
    assert not list(folder.parent.glob(".*"))


def test_its_own_file_is_written_again_and_others_only_if_asked(folder, capsys):
    out = encoded(folder)
    (folder / "low_bob_0.ogg").unlink()
    encoded(folder)  # from the same folder, though other files are in it now
    assert "not made by this command from the same inputs" in refused(folder, capsys, out)  # from files, not a folder
    with h5py.File(out, "w") as file:
        file["my"] = np.arange(3)
    assert "replace it with --overwrite" in refused(folder, capsys, out)
    encoded(folder, "--overwrite")
    with h5py.File(out) as file:
        assert len(file["labels"]) == 2
    encoded(folder)


def test_names_that_are_no_text_are_escaped(folder, capsys):
    sound = (folder / "low_ann_0.wav").read_bytes()
    for name, content in ((b"caf\xe9_ann_1.wav", sound), (b"bro\xffken_ann_1.wav", b"no sound")):
        (folder / os.fsdecode(name)).write_bytes(content)
    out = encoded(folder, "--pattern", "{label}_{speaker}_{}")
    said = capsys.readouterr().err
    assert "bro\\udcffken_ann_1.wav: not a sound file" in said
    assert "1 files left out" in said
    with h5py.File(out) as file:
        assert file["extra/file"][0] == b"caf\\udce9_ann_1.wav"
        assert file["extra/keys"][:].tolist() == [b"caf\\udce9", b"high", b"low"]


def test_a_file_that_is_gone_by_its_turn_is_left_out(folder, capsys, monkeypatch):
    key = encoder_module._make_file_key

    def gone(file, settings):
        if file.suffix == ".ogg":
            file.unlink()
        return key(file, settings)

    monkeypatch.setattr(encoder_module, "_make_file_key", gone)
    encoded(folder)
    assert "low_bob_0.ogg: cannot be read (No such file or directory)" in capsys.readouterr().err


def test_it_says_how_far_it_is(folder, capsys, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0.02)
    beaten, describe, encode = threading.Event(), Count.__str__, encoder_module._encode_file

    def describe_and_tell(count):
        beaten.set()
        return describe(count)

    def encode_after_a_line(file, settings):
        assert beaten.wait(10)
        return encode(file, settings)

    monkeypatch.setattr(Count, "__str__", describe_and_tell)
    monkeypatch.setattr(encoder_module, "_encode_file", encode_after_a_line)
    encoded(folder)
    assert re.search(r"[0-3] of 3 files, 00:0\d so far", capsys.readouterr().err)


def test_broken_files_are_named_and_left_out(folder, capsys):
    (folder / "text_ann_0.wav").write_text("this is no sound")
    (folder / "empty_ann_0.wav").write_bytes(b"")
    soundfile.write(folder / "zero_ann_0.wav", np.zeros(0), 16_000)
    soundfile.write(folder / "silent_ann_0.wav", np.zeros(4000), 16_000)
    soundfile.write(folder / "nan_ann_0.wav", np.full(4000, np.nan), 16_000, subtype="FLOAT")
    (folder / "unnamed.wav").write_bytes((folder / "low_ann_0.wav").read_bytes())
    out = encoded(folder, "--pattern", "{label}_{speaker}_{}")
    said = capsys.readouterr().err
    for name, reason in (
        ("text_ann_0.wav", "not a sound file"),
        ("empty_ann_0.wav", "not a sound file"),
        ("zero_ann_0.wav", "there are no samples in it"),
        ("silent_ann_0.wav", "the recording is silent"),
        ("nan_ann_0.wav", "are not finite"),
        ("unnamed.wav", "does not match the pattern"),
    ):
        assert [line for line in said.splitlines() if name in line and reason in line], said
    assert len(hdf5.load(out, num_units=40).train) == 3
    assert "6 files left out" in said
    with h5py.File(out) as file:
        names, reasons = (file["extra/left_out"][key].asstr()[:].tolist() for key in ("file", "reason"))
    assert len(set(names)) == len(reasons) == 6
    assert reasons[names.index("silent_ann_0.wav")].startswith("the recording is silent")


def test_only_broken_files_are_an_error(tmp_path, capsys):
    (tmp_path / "a.wav").write_text("no")
    assert encode.main([str(tmp_path), "--out", str(tmp_path / "o.h5"), *FEW]) == 2
    assert "none of the 1 files can be used" in capsys.readouterr().err
    assert not (tmp_path / "o.h5").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pattern", "{word}"], "use {label} and {speaker}"),
        (["--pattern", "{label}{label}"], "use {label} and {speaker}"),
        (["--csv", "missing.csv"], "missing.csv: cannot be read"),
        (["--rms", "0"], "rms = 0.0"),
        (["--silence", "-1"], "silence = -1.0"),
        (["--crop", "0"], "crop = 0.0"),
        (["--silence", "1e12"], "silence = 1000000000000.0 is not allowed; it must be 0 or more and at most 60000"),
        (["--channels", "0"], "--channels 0"),
        (["--channels", "1000000000"], "--channels 1000000000 is not allowed; it must be 1 to 10000"),
        (["--workers", "1000000000"], "--workers 1000000000 is not allowed; it must be 1 to 1000"),
        (["--pattern", "{label}_{}", "--classes", "low"], "'high' is not among the given classes"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_encoded(folder, capsys, arguments, message):
    out = folder.parent / "o.h5"
    assert encode.main([str(folder), "--out", str(out), *FEW, *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_missing_paths_are_named(tmp_path, capsys):
    assert encode.main([str(tmp_path / "none"), "--out", str(tmp_path / "o.h5")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    assert encode.main([str(tmp_path), "--out", str(tmp_path / "o.h5")]) == 2
    assert "no .wav, .flac, .ogg file there" in capsys.readouterr().err


# --- kinds of sound files ------------------------------------------------------------------------------------------


def read(path, samples, rate, subtype="PCM_16", crop=None):
    soundfile.write(path, samples, rate, subtype=subtype)
    return audio.read(path, crop)


def same(found, expected, tolerance):
    """Whether the middle of two sounds is the same; resampling rings at the ends."""
    assert len(found) == pytest.approx(len(expected), abs=2)
    middle = slice(len(found) // 10, -len(found) // 10)
    length = min(len(found), len(expected))
    np.testing.assert_allclose(found[:length][middle], expected[:length][middle], atol=tolerance)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_every_rate_comes_out_at_the_ears(tmp_path, rate):
    same(read(tmp_path / "a.wav", tone(500, 300, rate), rate), tone(500, 300), 1e-3)


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [("PCM_U8", 0.01), ("PCM_16", 1e-4), ("PCM_24", 1e-6), ("PCM_32", 1e-8), ("FLOAT", 1e-6), ("DOUBLE", 1e-12)],
)
def test_every_width_is_read(tmp_path, subtype, tolerance):
    same(read(tmp_path / "a.wav", tone(500, 100), SAMPLE_RATE, subtype), tone(500, 100), tolerance)


def test_channels_are_averaged(tmp_path):
    stereo = np.stack([tone(500, 100), np.zeros(4800)], axis=1)
    same(read(tmp_path / "a.wav", stereo, SAMPLE_RATE), tone(500, 100) / 2, 1e-4)


def test_clipping_and_offset_still_give_spikes(tmp_path):
    from genn_shd.speech.cochlea import get_cochlea
    from genn_shd.speech.encoding import encode_samples
    from genn_shd.speech.preparation import Preparation

    ear = get_cochlea(40)
    plain = encode_samples(ear, tone(700, 200), Preparation(), 0)
    clipped = read(tmp_path / "a.wav", np.clip(tone(700, 200, level=3.0), -1, 1), SAMPLE_RATE)
    offset = read(tmp_path / "b.wav", tone(700, 200) + 0.5, SAMPLE_RATE)
    for sound, factor in ((clipped, 1.5), (offset, 1.1)):
        count = len(encode_samples(ear, sound, Preparation(), 0)[0])
        assert 1 / factor < count / len(plain[0]) < factor


def test_only_what_is_cropped_is_read(tmp_path):
    assert len(read(tmp_path / "a.wav", tone(500, 300, 8_000), 8_000, crop=100.0)) == 4800


@pytest.mark.slow
def test_ten_minutes_can_be_cropped_or_encoded_in_pieces(tmp_path, monkeypatch):
    """In pieces of two seconds; here they begin to be used from one second on, as ten minutes take half a minute."""
    path, out = tmp_path / "long.wav", tmp_path / "o.h5"
    soundfile.write(path, np.tile(tone(500, 1000, 8_000), 600), 8_000)
    monkeypatch.setattr(encoding, "LONG_RECORDING", 1000.0)
    for crop in (900.0, 7000.0):
        assert encode.main([str(path), "--out", str(out), "--channels", "32", "--crop", str(crop)]) == 0
        with h5py.File(out) as file:
            (times,) = file["spikes/times"][:]
        assert 0.9 * crop < 1000 * times.max() < crop + 100
        per_second = np.histogram(times, np.arange(0.05, crop / 1000, 0.2))[0]
        assert per_second.min() > 0.6 * per_second.mean()


def test_longer_than_an_hour_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "MAX_SECONDS", 0.1)
    with pytest.raises(audio.DataError, match="divide it into pieces"):
        read(tmp_path / "a.wav", tone(500, 300), SAMPLE_RATE)


def test_patterns_reach_into_folders(tmp_path):
    names = Pattern("{speaker}/{label}-{}").find_names(tmp_path / "ann" / "one-3.wav")
    assert (names.label, names.speaker) == ("one", "ann")


def test_numbers_are_sorted_by_size():
    assert number_names(["10", "9", None, "x"])[1] == ["9", "10", "x"]
    assert number_names(["10", "9", None])[0].tolist() == [1, 0, -1]
