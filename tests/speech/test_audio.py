"""Sound files that are whole, and those that are not: one rule for all formats, rates and commands."""

from __future__ import annotations

import struct

import h5py
import numpy as np
import pytest
import soundfile

from genn_shd import DataError, encode
from genn_shd.speech import SAMPLE_RATE, audio
from genn_shd.speech.preparation import Preparation, prepare
from tests.speech.conftest import tone

RATE = 16_000
SUFFIXES = ["wav", "flac", "ogg"]


@pytest.fixture
def whole(tmp_path):
    """Makes a sound of 1.5 s in a format: its path."""

    def make(suffix, name="whole", **options):
        noise = np.random.default_rng(0).normal(0, 0.05, RATE * 3 // 2)
        path = tmp_path / f"{name}.{suffix}"
        soundfile.write(path, tone(500, 1500, RATE) + noise, RATE, **options)
        return path

    return make


def changed(path, content):
    other = path.with_stem("changed")
    other.write_bytes(content)
    return other


def refused(path, crop=None):
    """Why a file is refused."""
    with pytest.raises(DataError) as caught:
        audio.read(path, crop)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text


@pytest.mark.parametrize("crop", [None, 100.0])
@pytest.mark.parametrize("part", [0.99, 0.6, 0.3])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_was_cut_short_is_refused_cropped_or_not(whole, suffix, part, crop):
    path = whole(suffix)
    content = path.read_bytes()
    assert "copy or export it again" in refused(changed(path, content[: int(part * len(content))]), crop)
    assert len(audio.read(path, crop)) == (SAMPLE_RATE * 3 // 2 if crop is None else 4800)


def test_the_end_that_is_missing_is_named(whole):
    path = whole("wav")
    content = path.read_bytes()
    assert "ends after 60 % of what its header states" in refused(changed(path, content[: 44 + 28_800]))


@pytest.mark.parametrize("damage", ["a bit", "a hole"])
@pytest.mark.parametrize(("suffix", "subtype"), [("flac", "PCM_16"), ("ogg", "VORBIS"), ("ogg", "OPUS")])
def test_a_file_that_is_damaged_inside_is_refused(whole, suffix, subtype, damage):
    path = whole(suffix, subtype=subtype)
    content, middle = bytearray(path.read_bytes()), path.stat().st_size // 2
    if damage == "a bit":
        content[middle] ^= 1
    else:
        del content[middle : middle + 2000]
    assert "damaged" in refused(changed(path, bytes(content)))


def test_an_ogg_file_without_one_of_its_pages_is_refused(whole):
    path = whole("ogg")
    content = path.read_bytes()
    pages = [b"OggS" + page for page in content.split(b"OggS")[1:]]
    assert len(pages) == 4
    assert "is damaged after" in refused(changed(path, b"".join(pages[:2] + pages[3:])))


def test_two_recordings_in_one_ogg_file_are_refused(whole):
    """Only the first would be read."""
    path, second = whole("ogg"), whole("ogg", "second")
    joined = path.read_bytes() + second.read_bytes()
    assert "several recordings" in refused(changed(path, joined))


def test_what_follows_the_last_page_is_no_matter(whole):
    path = whole("ogg")
    assert len(audio.read(changed(path, path.read_bytes() + b"TAG" + bytes(125)))) == SAMPLE_RATE * 3 // 2


def without_length(flac):
    """A FLAC file as programs write it to a pipe: neither number of samples nor checksum of all."""
    content = bytearray(flac)
    content[21] &= 0xF0
    content[22:42] = bytes(20)
    return bytes(content)


def test_flac_of_unknown_length_is_read_to_its_end(whole, monkeypatch):
    path = whole("flac")
    streamed = changed(path, without_length(path.read_bytes()))
    monkeypatch.setattr(audio, "_BLOCK", 4000)
    np.testing.assert_array_equal(audio.read(streamed), audio.read(path))
    np.testing.assert_array_equal(audio.read(streamed, 100.0), audio.read(path, 100.0))
    assert "damaged or missing" in refused(changed(path, without_length(path.read_bytes()[:20_000])))
    monkeypatch.setattr(audio, "MAX_SECONDS", 1.0)
    assert "divide it into pieces" in refused(changed(path, without_length(path.read_bytes())))


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFEFFA, 0x7FFFFFFF, 0x80000000])
def test_wav_whose_header_states_no_length_is_read_to_its_end(whole, length):
    path = whole("wav")
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", min(length + 36, 0xFFFFFFFF))
    content[40:44] = struct.pack("<I", length)
    np.testing.assert_array_equal(audio.read(changed(path, content)), audio.read(path))
    content[44:24_044] = bytes(24_000)
    assert len(audio.read(changed(path, content))) == SAMPLE_RATE * 3 // 2


@pytest.mark.parametrize("options", [{"endian": "BIG"}, {"format": "RF64"}, {"format": "WAVEX"}])
def test_all_kinds_of_wav_are_checked(whole, options):
    path = whole("wav", **options)
    assert len(audio.read(path)) == SAMPLE_RATE * 3 // 2
    assert "of what its header states" in refused(changed(path, path.read_bytes()[:30_000]))


def test_wav_without_sound_before_other_chunks_holds_none(tmp_path):
    empty = b"RIFF" + struct.pack("<I", 60) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    (tmp_path / "a.wav").write_bytes(empty + b"data" + bytes(4) + b"LIST" + struct.pack("<I", 16) + bytes(16))
    assert "there are no samples in it" in refused(tmp_path / "a.wav")


def test_formats_that_do_not_show_whether_they_are_whole_are_refused(whole):
    assert "AIFF is not supported" in refused(whole("aiff"))


@pytest.mark.parametrize("level", [0.0, 0.1, -0.7])
@pytest.mark.parametrize("rate", [8_000, 44_100, SAMPLE_RATE])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_constant_is_no_sound_at_any_rate(tmp_path, suffix, rate, level):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, np.full((rate // 3, 2), level), rate)
    assert "all samples are the same" in refused(path)
    soundfile.write(path, np.concatenate([np.full(rate // 3, level), tone(500, 100, rate)]), rate)
    assert "all samples are the same" in refused(path, crop=300.0)


def test_a_constant_that_is_no_binary_fraction_is_no_sound():
    with pytest.raises(DataError, match="all samples are the same"):
        prepare(np.full(10_007, 0.1), Preparation())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_sample_that_is_no_number_is_named(tmp_path, value):
    samples = tone(500, 100, RATE)
    samples[700] = value
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    assert "are not finite" in refused(tmp_path / "a.wav")


@pytest.mark.slow
def test_encode_names_what_is_not_whole_and_takes_the_rest(whole, tmp_path, capsys):
    bad = []
    for suffix in SUFFIXES:
        path = whole(suffix, f"good_{suffix}")
        bad.append(path.with_stem(f"cut_{suffix}"))
        bad[-1].write_bytes(path.read_bytes()[:-5000])
    path = tmp_path / "constant.wav"
    bad.append(path)
    soundfile.write(path, np.full(8000, 0.5), 44_100)
    out = tmp_path / "spikes.h5"
    assert encode.main([str(tmp_path), "--out", str(out), "--channels", "40", "--workers", "1"]) == 0
    said = capsys.readouterr().err
    assert all(any(f"left out: {path}: " in line for line in said.splitlines()) for path in bad), said
    with h5py.File(out) as file:
        assert file["extra/file"][:].tolist() == [b"good_flac.flac", b"good_ogg.ogg", b"good_wav.wav"]
