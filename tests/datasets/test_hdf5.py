"""Files in SHD's layout: what is read is what was written, and every bad file is refused in one line."""

import logging
import os
import re
from dataclasses import replace

import h5py
import numpy as np
import pytest

from genn_shd import DataError, GennShdError, SettingError, SpikeTrains, read_spike_file, write_spike_file
from genn_shd.datasets import hdf5, splits
from genn_shd.spikes import hdf5_file
from tests.disk import room_for

GOOD = [[0.1, 0.2, 0.2], [0.3], [0.4]]
GOOD_UNITS = [[1, 2, 3], [699], [0]]


def same(a: SpikeTrains, b: SpikeTrains) -> bool:
    names = SpikeTrains.__dataclass_fields__
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def refusal(call, *args, **kwargs) -> str:
    """The message of the DataError, which must be one line."""
    with pytest.raises(DataError) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_written_is_read_bit_for_bit(tmp_path, trains):
    write_spike_file(tmp_path / "a.h5", trains, ["a", "b", "c", "d"], ["Ada", "Bo", "Çelik"])
    file = read_spike_file(tmp_path / "a.h5", 700)
    assert same(file.trains, trains)
    assert file.class_names == ("a", "b", "c", "d")
    assert file.speaker_names == ("Ada", "Bo", "Çelik")


@pytest.mark.parametrize("chunk", [1, 5, 12, 100])
def test_chunks_leave_no_trace(tmp_path, trains, monkeypatch, chunk):
    write_spike_file(tmp_path / "a.h5", trains)
    monkeypatch.setattr(hdf5_file, "_CHUNK", chunk)
    assert same(read_spike_file(tmp_path / "a.h5", 700).trains, trains)


@pytest.mark.parametrize(("time_type", "error"), [("f2", 2.0**-11), ("f4", 2.0**-23), ("f8", 0.0)])
def test_times_keep_the_precision_of_the_file(tmp_path, trains, time_type, error):
    write_spike_file(tmp_path / "a.h5", trains, time_type=time_type)
    with h5py.File(tmp_path / "a.h5") as file:
        assert h5py.check_vlen_dtype(file["spikes/times"].dtype) == np.dtype(time_type)
    read_back = read_spike_file(tmp_path / "a.h5", 700).trains
    assert np.abs(read_back.times / trains.times - 1).max() <= error


def test_float16_times_are_scaled_in_higher_precision(raw_file):
    # Neighbours in float16 near 1 s; times 1000 within float16, both would round to multiples of 0.5 ms.
    times = np.array([0.9995117, 1.0, 1.0009766], np.float16)
    path = raw_file([times], [[0, 1, 2]], time_type="f2")
    assert read_spike_file(path, 700).trains.times.tolist() == (times.astype(float) * 1000).astype("f4").tolist()


@pytest.mark.parametrize("unit_type", ["u1", "u2", "i4", "i8", "u8"])
def test_units_of_any_integer_type(raw_file, unit_type):
    path = raw_file([[0.1, 0.2]], [[5, 250]], unit_type=unit_type)
    trains = read_spike_file(path, 700).trains
    assert trains.units.tolist() == [5, 250] and trains.units.dtype == np.uint16


def test_only_spikes_and_labels_are_needed(raw_file):
    file = read_spike_file(raw_file(GOOD, GOOD_UNITS, [0, 1, 0]), 700)
    assert file.trains.speakers.tolist() == [-1, -1, -1]
    assert file.class_names == file.speaker_names == ()


def test_a_sample_without_spikes_is_allowed(raw_file):
    trains = read_spike_file(raw_file([[], [0.5], []], [[], [1], []]), 700).trains
    assert trains.counts.tolist() == [0, 1, 0]
    assert read_spike_file(raw_file([[], []], [[], []]), 700).trains.num_spikes == 0


def test_spikes_out_of_order_are_sorted_with_their_units_and_the_log_says_so(raw_file, caplog):
    path = raw_file([[0.1], [0.3, 0.1, 0.2, 0.1], []], [[9], [3, 1, 2, 4], []])
    with caplog.at_level(logging.INFO):
        trains = read_spike_file(path, 700).trains
    assert trains[1][0].tolist() == pytest.approx([100, 100, 200, 300])
    assert trains[1][1].tolist() == [1, 4, 2, 3]
    assert caplog.messages == [f"{path}: 1 of 3 samples have spikes out of order; they are sorted by time"]
    assert same(hdf5.load(path).train, trains)


def test_spikes_in_order_are_not_worth_a_word(raw_file, caplog):
    with caplog.at_level(logging.INFO):
        read_spike_file(raw_file(GOOD, GOOD_UNITS), 700)
    assert caplog.messages == []


@pytest.mark.parametrize("time_type", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("unit_type", ["<u2", ">u2", ">i4", ">i8"])
def test_every_byte_order_is_read(raw_file, time_type, unit_type):
    others = {"extra__speaker": np.array([2, 0, 1], unit_type)}
    labels = np.array([1, 0, 1], unit_type)
    path = raw_file(GOOD, GOOD_UNITS, labels, time_type=time_type, unit_type=unit_type, **others)
    trains = read_spike_file(path, 700).trains
    assert trains.times.tolist() == pytest.approx([100, 200, 200, 300, 400], rel=1e-3)
    assert trains.units.tolist() == [1, 2, 3, 699, 0]
    assert trains.labels.tolist() == [1, 0, 1] and trains.speakers.tolist() == [2, 0, 1]


def test_a_wrong_unit_is_named_as_it_is_in_any_byte_order(raw_file):
    path = raw_file(GOOD, [[1, 2, 3], [701], [0]], unit_type=">u2")
    assert "sample 1: unit 701 is out of range" in refusal(read_spike_file, path, 700)


@pytest.mark.parametrize(
    ("times", "units", "says"),
    [
        ([[0.1], [0.2, np.nan]], [[1], [1, 2]], "sample 1, spike 1: time nan ms"),
        ([[0.1], [np.inf]], [[1], [1]], "sample 1, spike 0: time inf ms"),
        ([[0.1], [-0.25]], [[1], [1]], "sample 1, spike 0: time -250.0 ms"),
        ([[0.1], [0.1]], [[1], [700]], "sample 1: unit 700 is out of range; with num_units = 700, units"),
        ([[0.1], [0.1]], [[1], [-1]], "sample 1: unit -1 is out of range"),
        ([[0.1], [0.1]], [[1], [65536 + 5]], "sample 1: unit 65541 is out of range"),
        ([[0.1], [0.1]], [[1], [1, 2]], "sample 1: 1 times but 2 units"),
        ([[0.1], []], [[1], [1]], "sample 1: 0 times but 1 units"),
        ([[0.1], [0.1]], [[1]], "spikes/times holds 2 samples but spikes/units holds 1"),
    ],
)  # fmt: skip
def test_bad_spikes_are_named_with_file_and_sample(raw_file, times, units, says):
    path = raw_file(times, units, unit_type="i8")
    message = refusal(read_spike_file, path, 700)
    assert message.startswith(f"{path}: ") and says in message


def test_sorting_does_not_hide_nan(raw_file):
    path = raw_file([[0.3, np.nan, 0.1]], [[1, 2, 3]])
    assert "time nan ms" in refusal(read_spike_file, path, 700)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": [0, 1]}, "labels has shape (2,) but spikes/times holds 3 samples"),
        ({"labels": [0.0, 1.0, 2.0]}, "labels holds float64; it must hold integers"),
        ({"labels": [0, -5, 0]}, "sample 1: labels holds -5"),
        ({"extra__speaker": [1]}, "extra/speaker has shape (1,)"),
        ({"extra__speaker": [b"a", b"b", b"c"]}, "extra/speaker holds"),
        (
            {"time_type": "i4"},
            "spikes/times holds int32 of shape (3,); it must hold one variable-length array",
        ),
        ({"unit_type": "f4"}, "spikes/units holds float32"),
    ],
)
def test_bad_columns_are_named(raw_file, change, says):
    path = raw_file(GOOD, GOOD_UNITS, **change)
    message = refusal(read_spike_file, path, 700)
    assert message.startswith(f"{path}: ") and says in message


@pytest.mark.parametrize("key", ["spikes/times", "spikes/units", "labels"])
def test_missing_keys_are_named_beside_those_there_are(raw_file, key):
    path = raw_file(GOOD, GOOD_UNITS, [0, 1, 0])
    with h5py.File(path, "a") as file:
        del file[key]
    message = refusal(read_spike_file, path, 700)
    assert message.startswith(f"{path}: {key} is missing") and "this file has" in message


def test_an_empty_hdf5_file_has_nothing(tmp_path):
    h5py.File(tmp_path / "a.h5", "w").close()
    assert "this file has nothing" in refusal(read_spike_file, tmp_path / "a.h5", 700)


def test_rectangular_data_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["spikes/times"] = np.zeros((3, 4))
        file["spikes/units"] = np.zeros((3, 4), int)
        file["labels"] = [0, 0, 0]
    assert "spikes/times holds float64 of shape (3, 4)" in refusal(read_spike_file, tmp_path / "a.h5", 700)


def test_missing_files_and_folders(tmp_path):
    assert refusal(read_spike_file, tmp_path / "no.h5", 700) == f"{tmp_path}/no.h5: no such file; check the path."
    assert "not a file" in refusal(read_spike_file, tmp_path, 700)


def test_files_that_are_not_hdf5(tmp_path):
    for content in (b"", b"time,unit\n0.1,3\n" * 100):
        (tmp_path / "a.csv").write_bytes(content)
        assert "not an HDF5 file" in refusal(read_spike_file, tmp_path / "a.csv", 700)


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_truncated_files(tmp_path, trains, keep):
    write_spike_file(tmp_path / "a.h5", trains)
    content = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(content[: int(keep * len(content))])
    assert "truncated: the file is shorter than it says" in refusal(read_spike_file, tmp_path / "a.h5", 700)


@pytest.mark.parametrize("signature", [b"GCOL", b"TREE", b"HEAP", b"SNOD"])
def test_damage_in_the_middle_of_a_file(tmp_path, trains, signature):
    write_spike_file(tmp_path / "a.h5", trains)
    content = (tmp_path / "a.h5").read_bytes()
    places = [match.start() for match in re.finditer(signature, content)]
    assert places
    for place in places:
        (tmp_path / "b.h5").write_bytes(content[:place] + b"\0\0\0\0" + content[place + 4 :])
        message = refusal(read_spike_file, tmp_path / "b.h5", 700)
        assert message.startswith(f"{tmp_path / 'b.h5'}: ") and "damaged" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files(tmp_path, trains):
    write_spike_file(tmp_path / "a.h5", trains)
    (tmp_path / "a.h5").chmod(0)
    assert "cannot be opened" in refusal(read_spike_file, tmp_path / "a.h5", 700)


def test_writing_is_all_or_nothing(tmp_path, trains, capfd):
    write_spike_file(tmp_path / "a.h5", trains)
    before = (tmp_path / "a.h5").read_bytes()

    for size in (10, 3000, len(before) - 1):
        with (
            room_for(size),
            pytest.raises(GennShdError, match=r"a\.h5: cannot write this file \(File too large\); an existing"),
        ):
            write_spike_file(tmp_path / "a.h5", trains)
        assert (tmp_path / "a.h5").read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]
    assert capfd.readouterr().err == ""  # nor does the HDF5 library say anything
    with pytest.raises(GennShdError, match=r"cannot write this file \(No such file or directory\)"):
        write_spike_file(tmp_path / "nowhere" / "a.h5", trains)


def test_load_takes_the_parts_there_are(tmp_path, trains):
    write_spike_file(tmp_path / "a.h5", trains, ["a", "b", "c", "d"])
    write_spike_file(tmp_path / "b.h5", trains.select([3, 1]))
    data = hdf5.load(tmp_path / "a.h5", test_path=tmp_path / "b.h5")
    assert (data.name, data.num_input, data.num_classes) == ("hdf5", 700, 4)
    assert data.class_names == ("a", "b", "c", "d") and data.speaker_names == ("0", "1", "2")
    assert same(data.train, trains) and same(data.test, trains.select([3, 1])) and data.validation is None
    data = hdf5.load(tmp_path / "a.h5", validation_path=tmp_path / "b.h5")
    assert data.test is None and same(data.validation, trains.select([3, 1]))


def test_files_may_number_their_classes_and_speakers_differently(tmp_path, trains):
    labels, speakers = trains.labels, trains.speakers
    write_spike_file(tmp_path / "a.h5", trains, ["a", "b", "c", "d"], ["Ada", "Bo", "Cy"])
    changed = replace(trains, labels=3 - labels, speakers=np.where(speakers < 0, -1, 2 - speakers))
    write_spike_file(tmp_path / "b.h5", changed, ["d", "c", "b", "a"], ["Cy", "Bo", "Di"])
    data = hdf5.load(tmp_path / "a.h5", test_path=tmp_path / "b.h5")
    assert data.speaker_names == ("Ada", "Bo", "Cy", "Di")
    assert same(data.train, trains)
    assert np.array_equal(data.test.labels, labels)
    assert np.array_equal(data.test.speakers, np.where(speakers == 0, 3, speakers))
    write_spike_file(tmp_path / "b.h5", trains, ["e", "b", "c", "d"])
    first = int(np.flatnonzero(labels == 0)[0])
    message = refusal(hdf5.load, tmp_path / "a.h5", tmp_path / "b.h5")
    assert f"b.h5, sample {first}: its class is 'e'; allowed classes are a, b, c, d." in message


def test_classes_without_a_name_in_common_are_refused_and_numbers_are_no_names(tmp_path, trains, caplog):
    write_spike_file(tmp_path / "a.h5", trains, ["a", "b", "c", "d"])
    write_spike_file(tmp_path / "b.h5", trains, ["eins", "zwei", "drei", "vier"])
    message = refusal(hdf5.load, tmp_path / "a.h5", tmp_path / "b.h5")
    assert "b.h5: its classes are eins, zwei, drei, vier; none of them is among a, b, c, d." in message
    with caplog.at_level(logging.INFO):
        write_spike_file(tmp_path / "b.h5", trains, ["0", "1", "2", "3"])
        assert same(hdf5.load(tmp_path / "a.h5", tmp_path / "b.h5").test, trains)
    assert "classes are called 0, not a; they are matched by number" in caplog.text
    write_spike_file(tmp_path / "b.h5", trains)
    assert same(hdf5.load(tmp_path / "a.h5", tmp_path / "b.h5").test, trains)


def test_names_of_two_files_are_the_same_as_people_read_them(tmp_path, trains):
    labels, speakers = trains.labels, trains.speakers
    write_spike_file(tmp_path / "a.h5", trains, ["fünf", "b", "c", "d"], ["Zoë", "Bo", "Cy"])
    changed = replace(trains, labels=3 - labels, speakers=np.where(speakers < 0, -1, 2 - speakers))
    write_spike_file(tmp_path / "b.h5", changed, ["D", "c ", "\tb", "fu\u0308nf"], ["cy", " Bo", "Zoe\u0308"])
    data = hdf5.load(tmp_path / "a.h5", test_path=tmp_path / "b.h5")
    assert data.class_names == ("fünf", "b", "c", "d") and data.speaker_names == ("Zoë", "Bo", "Cy")
    assert same(data.test, trains)


def test_names_that_differ_in_case_alone_stay_apart_and_others_that_read_alike_are_refused(tmp_path, trains):
    write_spike_file(tmp_path / "a.h5", trains, ["a", "A", "b", "B"])
    write_spike_file(tmp_path / "b.h5", replace(trains, labels=3 - trains.labels), ["B", "b", "A", "a"])
    assert same(hdf5.load(tmp_path / "a.h5", tmp_path / "b.h5").test, trains)
    write_spike_file(tmp_path / "a.h5", trains, ["a", "b", "a ", "d"])
    assert "more than one class is called 'a' and 'a '" in refusal(hdf5.load, tmp_path / "a.h5")


def test_a_number_of_classes_makes_numbers_of_them(tmp_path, trains):
    write_spike_file(tmp_path / "a.h5", trains.select(np.flatnonzero(trains.labels < 3)), ["a", "b", "c"])
    write_spike_file(tmp_path / "b.h5", trains, ["a", "b", "c", "d"])
    data = hdf5.load(tmp_path / "a.h5", tmp_path / "b.h5", num_classes=4)
    assert data.class_names == ("0", "1", "2", "3") and same(data.test, trains)


def test_two_of_a_name_are_refused(tmp_path, trains):
    write_spike_file(tmp_path / "a.h5", trains, ["a", "b", "a", "d"])
    assert "more than one class is called 'a'" in refusal(hdf5.load, tmp_path / "a.h5")
    write_spike_file(tmp_path / "a.h5", trains, ["a", "b", "c", "d"], ["x", "y", "x"])
    assert "more than one speaker is called 'x'" in refusal(hdf5.load, tmp_path / "a.h5")


def test_the_suggested_duration_holds_every_spike(raw_file):
    assert hdf5.load(raw_file([[0.8123]], [[0]])).duration == 820.0
    data = hdf5.load(raw_file([[0.82]], [[0]], time_type="f8"))
    assert data.duration == 830.0 and data.train.count_longer(data.duration) == 0


def test_classes_are_counted_where_nothing_names_them(raw_file):
    assert hdf5.load(raw_file(GOOD, GOOD_UNITS, [2, 0, 1])).class_names == ("0", "1", "2")
    message = refusal(hdf5.load, raw_file(GOOD, GOOD_UNITS, [0, 1, 999]))
    assert "labels run from 0 to 999, but only 3 different ones occur; set num_classes" in message
    assert hdf5.load(raw_file(GOOD, GOOD_UNITS, [0, 1, 3]), num_classes=5).num_classes == 5


def test_labels_out_of_range(raw_file):
    keys = {"extra__keys": [b"yes", b"no"]}
    assert hdf5.load(raw_file(GOOD, GOOD_UNITS, [0, 1, 1], **keys)).class_names == ("yes", "no")
    message = refusal(hdf5.load, raw_file(GOOD, GOOD_UNITS, [0, 2, 1], **keys))
    assert "train, sample 1: label 2 is out of range; with 2 classes, labels are 0 to 1" in message
    message = refusal(hdf5.load, raw_file(GOOD, GOOD_UNITS, [0, -1, 1], **keys))
    assert "sample 1: label -1 is out of range" in message
    train, test = raw_file(GOOD, GOOD_UNITS, [0, 1, 1]), raw_file(GOOD, GOOD_UNITS, [0, 1, 7], name="test.h5")
    assert "test, sample 2: label 7" in refusal(hdf5.load, train, test)


def test_speakers_without_a_name(raw_file):
    path = raw_file(GOOD, GOOD_UNITS, extra__speaker=[0, 1, 2], extra__meta_info__speaker_names=[b"Ada", b"Bo"])
    assert "sample 2: speaker 2 has no name" in refusal(hdf5.load, path)


def test_speakers_numbered_by_hashes_cost_no_memory(raw_file):
    train = raw_file(GOOD, GOOD_UNITS, extra__speaker=[2**31 - 1, 1, -1])
    test = raw_file(GOOD, GOOD_UNITS, name="test.h5", extra__speaker=[1, 1_900_000_000, 2**31 - 1])
    data = hdf5.load(train, test)
    assert data.speaker_names == ("1", "1900000000", "2147483647")
    assert data.train.speakers.tolist() == [2, 0, -1] and data.test.speakers.tolist() == [0, 1, 2]
    for speaker in (1, "1"):  # the file's number, not a place in a list
        assert splits.hold_out_speakers(data.train, [speaker], data.speaker_names).validation.tolist() == [1]
    names = [split.name for split in splits.leave_one_speaker_out(data.train.select([0, 1]), data.speaker_names)]
    assert names == ["speaker 1", "speaker 2147483647"]


def test_a_label_far_off_costs_no_memory(raw_file):
    path = raw_file(GOOD, GOOD_UNITS, [0, 1, 2_000_000_000])
    assert "labels run from 0 to 2000000000, but only 3 different ones occur" in refusal(hdf5.load, path)
    assert "label 2000000000 is out of range" in refusal(hdf5.load, path, num_classes=2)


@pytest.mark.parametrize("num_classes", [10_001, 2_000_000_001])
def test_more_classes_than_any_network_tells_apart_are_refused(raw_file, num_classes):
    path = raw_file(GOOD, GOOD_UNITS, [0, 1, 2])
    with pytest.raises(SettingError, match=f"num_classes = {num_classes} is not allowed; it must be at most 10000"):
        hdf5.load(path, num_classes=num_classes)


def test_a_file_without_samples(raw_file):
    assert "there are no samples" in refusal(hdf5.load, raw_file([], []))
    assert "there are no samples" in refusal(hdf5.load, raw_file([], []), num_classes=3)


@pytest.mark.parametrize("settings", [{"num_units": 0}, {"num_units": 2.5}, {"num_classes": 0}, {"num_units": True}])
def test_bad_settings(raw_file, settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        hdf5.load(raw_file(GOOD, GOOD_UNITS), **settings)
