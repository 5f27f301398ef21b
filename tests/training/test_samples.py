import numpy as np

from genn_shd import SpikeTrains
from genn_shd.models import recurrent_classifier
from genn_shd.training.samples import Partition, Samples, upload_parts
from tests.counting_model import CountingModel

TRAINS = SpikeTrains.from_events(
    [([1.0, 50.0], [0, 1]), ([2.0], [2]), ([], []), ([3.0, 60.0, 70.0], [0, 0, 1]), ([90.0], [1])],
    labels=[0, 1, 0, 1, 0],
    speakers=[0, 0, 1, 1, 2],
    num_units=3,
)


def model():
    return CountingModel(recurrent_classifier(3, 4, 2, recurrent=False))


def test_batches_are_the_chosen_samples_in_order():
    samples = Samples(TRAINS, np.array([3, 0, 2]))
    np.testing.assert_array_equal(samples.labels, [1, 0, 0])
    np.testing.assert_array_equal(samples.speakers, [1, 0, 1])
    (first, batch), (second, rest) = samples.upload(model()).make_batches(np.arange(3), 2)
    np.testing.assert_array_equal(first, [1, 0])
    np.testing.assert_array_equal(batch.times, [3.0, 60.0, 70.0, 1.0, 50.0])
    np.testing.assert_array_equal(second, rest.labels)
    assert (len(batch), len(rest), rest.num_spikes) == (2, 1, 0)


def test_fingerprint_tells_samples_apart():
    samples = Samples.from_all(TRAINS)
    relabelled = SpikeTrains.from_events([TRAINS[b] for b in range(5)], 1 - TRAINS.labels, TRAINS.speakers, 3)
    others = [Samples.from_all(TRAINS.crop(80.0)), Samples(TRAINS, np.arange(4)), Samples.from_all(relabelled)]
    assert len({samples.compute_fingerprint(), *(other.compute_fingerprint() for other in others)}) == 4
    assert Samples.from_all(TRAINS.select(np.arange(5))).compute_fingerprint() == samples.compute_fingerprint()


def test_partition_names_its_parts_and_holds_shared_trains_once():
    trains = Samples(TRAINS, np.arange(3)), Samples(TRAINS, np.arange(3, 5)), Samples.from_all(TRAINS.crop(80.0))
    partition = Partition(*trains)
    assert list(partition.parts) == ["train", "validation", "test"]
    assert list(partition.held_out) == ["validation", "test"]
    assert list(Partition(trains[0]).parts) == ["train"]
    assert len(set(partition.compute_fingerprints().values())) == 3
    held = upload_parts(model(), partition.parts)
    assert held["train"].held is held["validation"].held is not held["test"].held
