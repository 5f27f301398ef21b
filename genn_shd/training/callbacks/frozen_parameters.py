"""A callback that keeps some parameters constant while the others are trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...backends.base import Model
from ...errors import unknown_name
from .base import Callback

if TYPE_CHECKING:
    from ...backends.results import Arrays, BatchResult
    from ..trainer import Trainer


class FrozenParameters(Callback):
    """Restores some parameters after every step of the optimiser.

    Parameters
    ----------
    model : the model that is trained.
    names : names of the parameters to keep.

    Raises
    ------
    SettingError
        The network trains no parameter of that name.
    """

    def __init__(self, model: Model, names: Sequence[str]) -> None:
        for name in names:
            if name not in model.network.parameter_shapes:
                raise unknown_name("training.frozen:", name, model.network.parameter_shapes)
        self._names = names
        self._kept: Arrays = {}

    def on_train_begin(self, trainer: Trainer) -> None:
        parameters = trainer.model.parameters
        self._kept = {name: parameters[name] for name in self._names}

    def on_batch_begin(self, trainer: Trainer, epoch: int, batch: int, samples: Any) -> None:
        if batch == 1:  # between epochs, weights into silent neurons may have been changed
            trainer.model.set_parameters(self._kept)

    def on_batch_end(self, trainer: Trainer, epoch: int, batch: int, result: BatchResult) -> None:
        trainer.model.set_parameters(self._kept)
