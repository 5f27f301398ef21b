"""Event files for TensorBoard, written by the optional package tensorboardX."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

from ...errors import SettingError
from ...system.described import described
from .base import Callback, Status

if TYPE_CHECKING:
    from ...runs.results import EpochMetrics
    from ..trainer import Trainer


class TensorBoard(Callback):
    """Writes the columns of `history.csv` as event files for TensorBoard; show them with `tensorboard --logdir DIR`.

    Parameters
    ----------
    folder : folder of the event files; default: `tensorboard/` in the run folder.

    Raises
    ------
    SettingError
        tensorboardX is not installed.
    """

    def __init__(
        self,
        folder: Annotated[
            str | os.PathLike[str] | None,
            described("folder of the event files; default: tensorboard/ in the run folder", is_path=True),
        ] = None,
    ) -> None:
        self._folder = folder
        self._new_writer = _import_writer()
        self._writer: Any = None

    def on_train_begin(self, trainer: Trainer) -> None:
        folder = self._folder or trainer.folder.path / "tensorboard"
        # An epoch that is repeated after an interruption replaces what was written of it before.
        self._writer = self._new_writer(str(folder), purge_step=trainer.state.epoch + 1)

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        for name, value in metrics.to_row().items():
            if value is not None and name != "epoch":
                self._writer.add_scalar(_name_in_tensor_board(name), value, metrics.epoch)
        self._writer.flush()

    def on_train_end(self, trainer: Trainer, status: Status) -> None:
        if self._writer:
            self._writer.close()


def _name_in_tensor_board(column: str) -> str:
    """Return the name in TensorBoard, such as `loss/test` for `test_loss`: it groups names with the same beginning."""
    part, _, figure = column.rpartition("_")
    return f"{figure}/{part}" if figure in ("loss", "accuracy") else column


def _import_writer() -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise SettingError(
            f"training.callbacks: 'tensorboard' needs tensorboardX ({error}); install it with "
            "`pip install 'genn_shd[tensorboard]'` or `pip install tensorboardX`."
        ) from None
    return SummaryWriter
