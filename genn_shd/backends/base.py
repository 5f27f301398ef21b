"""The interface of all back ends: compiled models and their results."""

from __future__ import annotations

import abc
import warnings
from types import TracebackType
from typing import Any, ClassVar

import numpy as np

from ..errors import BackendError
from ..network.network import Network
from ..spikes.spike_trains import SpikeTrains
from .exclusive import Exclusive
from .results import Arrays, BatchResult, Recording, Wanted


class ResidentDataset:
    """A data set that was uploaded to a model; made by `Model.upload`.

    Parameters
    ----------
    samples : the data set.
    """

    def __init__(self, samples: SpikeTrains) -> None:
        self.samples = samples

    def select(self, indices: np.ndarray) -> Any:
        """Select samples at `indices` (B,), in this order, as a batch for the model that this was uploaded to."""
        return self.samples.select(indices)


class Model(Exclusive, abc.ABC):
    """A compiled network, made by `genn_shd.compile_network`; close it, or use it in a `with` block.

    `learning_rate` and all run-time values in `values` can be changed without compiling again.

    Threads may share a model: their calls are executed one after another. A forked process has its own copy of the
    model. If that is impossible (on a GPU, or after a fork in the middle of a batch), calls raise a `BackendError`.
    """

    exclusive: ClassVar = (
        *("gradient", "train_batch", "flush", "evaluate_batch", "record", "upload"),
        *("parameters", "set_parameters", "optimiser_state", "set_optimiser_state"),
        *("values", "set_value", "timings"),
    )
    ending: ClassVar = ("close",)

    network: Network
    backend: str
    batch_size: int
    dt: float
    duration: float
    precision: str
    learning_rate: float
    reason: str = ""
    """Reason for the choice of the back end, if `backend="auto"` chose it."""
    compile_seconds: float = 0.0
    """Time to generate and compile code, or to find it in the cache, s."""

    @abc.abstractmethod
    def gradient(self, batch: SpikeTrains) -> BatchResult:
        """Compute loss and gradients of a batch of at most `batch_size` labelled samples; parameters do not change."""

    @abc.abstractmethod
    def train_batch(self, batch: SpikeTrains) -> BatchResult:
        """Compute loss and gradients of a batch, and take one step of the optimiser."""

    def flush(self) -> None:
        """Finish the training of the last batch in a pipelined schedule.

        Call this at the end of an epoch, so that no batch is lost. Methods that read or change the network between
        batches call it themselves.
        """

    @abc.abstractmethod
    def evaluate_batch(self, batch: SpikeTrains) -> BatchResult:
        """Run only the forward pass of a batch. The loss of samples without a label (-1) is nan."""

    def upload(self, samples: SpikeTrains) -> ResidentDataset:
        """Upload a data set to the device of the model; batches selected from the result need no further copies."""
        return ResidentDataset(samples)

    def hold(self, samples: SpikeTrains) -> ResidentDataset:
        """Old name of `upload`."""
        warnings.warn("Model.hold is called upload now.", DeprecationWarning, stacklevel=2)
        return self.upload(samples)

    @property
    @abc.abstractmethod
    def parameters(self) -> Arrays:
        """Copies of all trained parameters by name, see `Network.parameter_shapes`; weights are (pre, post)."""

    @abc.abstractmethod
    def set_parameters(self, parameters: Arrays) -> None:
        """Set some or all parameters; raise a SettingError for an unknown name, a wrong shape or a bad value."""

    @property
    @abc.abstractmethod
    def optimiser_state(self) -> Arrays:
        """Copies of the state of the optimiser; with `parameters`, training can be continued exactly."""

    @abc.abstractmethod
    def set_optimiser_state(self, state: Arrays) -> None:
        """Restore a state of the optimiser from `optimiser_state`."""

    @property
    @abc.abstractmethod
    def values(self) -> dict[str, Any]:
        """Copies of all run-time values by dotted name, for example `hidden.tau_mem`, `loss.loss_scale`."""

    @abc.abstractmethod
    def set_value(self, name: str, value: float | np.ndarray) -> None:
        """Change one run-time value, a number or one number per neuron, (N,); a SettingError if it is not allowed."""

    @property
    def recordable(self) -> dict[str, tuple[str, ...]]:
        """Population -> state and adjoint variables that `record` can record."""
        return {}

    def record(self, batch: Any, wanted: Wanted, samples: int) -> Recording:
        """Record a forward and backward pass of a batch; the model does not change.

        Parameters
        ----------
        batch : at most `batch_size` labelled samples.
        wanted : population -> variables to record, see `recordable`; spikes of all populations are always recorded.
        samples : number of samples to record, the first ones of the batch.
        """
        raise BackendError(f"the back end {self.backend!r} cannot record; use 'native'.")

    @property
    def timings(self) -> dict[str, float]:
        """Time spent since compilation, s, by kind of work: `forward`, `backward`, `synapse`, `reduction`, `optimiser`.

        Empty unless the model was compiled with `profile=True`.
        """
        return {}

    @property
    def source(self) -> dict[str, str]:
        """The generated code of this model: file name -> text."""
        return {}

    @property
    @abc.abstractmethod
    def environment(self) -> dict[str, Any]:
        """Compiler or device, versions and threads of this model, for `environment.json`."""

    @abc.abstractmethod
    def close(self) -> None:
        """Release memory, threads and devices. A second call does nothing."""

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
