"""The callback that records chosen batches before their weight update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...config.schema import RecordingSettings
from ...errors import SettingError
from ...recording.file import MARK, Selection
from ...system.progress import LOG
from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer


class Recorder(Callback):
    """Writes `recordings/epoch_E_batch_B.h5` and draws `plots/recordings/epoch_E_batch_B.png`.

    Parameters
    ----------
    settings : variables, populations, epochs and batches to record.
    """

    def __init__(self, settings: RecordingSettings) -> None:
        self._settings = settings
        self._selection: Selection | None = None

    def on_train_begin(self, trainer: Trainer) -> None:
        """Choose populations and variables.

        Raises
        ------
        SettingError
            The network does not have such populations or variables, or no epoch has such batches.
        """
        settings = self._settings
        if settings.epochs and min(settings.batches) > trainer.num_batches:
            raise SettingError(
                f"recording.batches = {list(settings.batches)} is not allowed: an epoch has {trainer.num_batches} "
                "batches."
            )
        self._selection = Selection.choose(trainer.model, settings.populations, settings.variables)

    def on_batch_begin(self, trainer: Trainer, epoch: int, batch: int, samples: Any) -> None:
        """Record a batch if settings choose it."""
        settings, folder = self._settings, trainer.folder
        if self._selection is None or epoch not in settings.epochs or batch not in settings.batches:
            return
        name = f"epoch_{epoch}_batch_{batch}"
        context = {"run": folder.name, "epoch": epoch, "batch": batch}
        recorded = self._selection.record(trainer.model, samples, settings.samples, context)
        file = folder.recordings / f"{name}.h5"
        recorded.write(file)
        from ...plots import training as plots
        from ...recording import figure as plot_recording

        figure = plot_recording.draw_recording(recorded, f"{folder.name}: epoch {epoch}, batch {batch}")
        plots.save(figure, folder.plots / "recordings" / f"{name}.png", MARK)
        LOG.info("recorded %s", file)
