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
    """A data set that stays where a model reads it; made by `Model.upload`.

    Parameters
    ----------
    samples : the data set, kept.
    """

    def __init__(self, samples: SpikeTrains) -> None:
        self.samples = samples

    def select(self, indices: np.ndarray) -> Any:
        """Some of the samples, in the order given, as a batch for the model that made this."""
        return self.samples.select(indices)


class Model(Exclusive, abc.ABC):
    """A compiled network. Made by `genn_shd.compile_network`; close it, or use it in a `with` block.

    Run-time values are attributes and never recompile: `learning_rate`, and everything in `values`.

    Threads may share a model: their calls run one after the other. A process that is forked from the model's own has a
    copy of it; where it cannot have one (on a GPU, or forked in the middle of a batch), calls are a `BackendError`.
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
    """Why this back end, where `backend="auto"` chose it."""
    compile_seconds: float = 0.0
    """Time of generating and compiling, or of finding code that was compiled before."""

    @abc.abstractmethod
    def gradient(self, batch: SpikeTrains) -> BatchResult:
        """Loss and gradients of a batch of at most `batch_size` labelled samples; changes nothing."""

    @abc.abstractmethod
    def train_batch(self, batch: SpikeTrains) -> BatchResult:
        """`gradient`, then one step of the optimiser."""

    def flush(self) -> None:
        """Finish what `train_batch` left under way: the last gradient of a pipelined schedule. Call it when an epoch
        ends, so that no batch is lost; whatever looks at or changes the network between batches does so by itself."""

    @abc.abstractmethod
    def evaluate_batch(self, batch: SpikeTrains) -> BatchResult:
        """Forward only. Samples without a label (-1) get a loss of nan."""

    def upload(self, samples: SpikeTrains) -> ResidentDataset:
        """Keep a data set where the model reads it: batches cut from what this returns need not be moved there."""
        return ResidentDataset(samples)

    def hold(self, samples: SpikeTrains) -> ResidentDataset:
        """Deprecated name of `upload`."""
        warnings.warn("Model.hold is called upload now.", DeprecationWarning, stacklevel=2)
        return self.upload(samples)

    @property
    @abc.abstractmethod
    def parameters(self) -> Arrays:
        """Copies of all trained parameters by name; weights are (pre, post)."""

    @abc.abstractmethod
    def set_parameters(self, parameters: Arrays) -> None:
        """Overwrite some or all parameters; unknown names, wrong shapes and non-finite values are refused."""

    @property
    @abc.abstractmethod
    def optimiser_state(self) -> Arrays:
        """Copies of everything the optimiser remembers; with `parameters`, enough to go on bit for bit."""

    @abc.abstractmethod
    def set_optimiser_state(self, state: Arrays) -> None:
        """Restore what `optimiser_state` returned."""

    @property
    @abc.abstractmethod
    def values(self) -> dict[str, Any]:
        """Copies of all run-time values by dotted name, for example `hidden.tau_mem`, `loss.loss_scale`."""

    @abc.abstractmethod
    def set_value(self, name: str, value: float | np.ndarray) -> None:
        """Change one run-time value (a number, or one number per neuron); never recompiles."""

    @property
    def recordable(self) -> dict[str, tuple[str, ...]]:
        """Population -> state and adjoint variables that `record` can be asked for."""
        return {}

    def record(self, batch: Any, wanted: Wanted, samples: int) -> Recording:
        """`gradient`, and what happened in every step on the way; changes nothing.

        Parameters
        ----------
        batch : of at most `batch_size` labelled samples.
        wanted : population -> variables to record, of `recordable`; spikes of all populations are always recorded.
        samples : how many of the batch's samples, the first ones.
        """
        raise BackendError(f"the back end {self.backend!r} cannot record; use 'native'.")

    @property
    def timings(self) -> dict[str, float]:
        """Seconds since the model was compiled by kind of work (`forward`, `backward`, `synapse`, `reduction`,
        `optimiser`); empty unless it was compiled with `profile=True`."""
        return {}

    @property
    def source(self) -> dict[str, str]:
        """The code that was generated for this model so far: file name -> text."""
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
