"""Recording while a network trains: chosen batches of chosen epochs, before they are learned from."""

from __future__ import annotations

from typing import Any

from ..backends.base import Model
from ..config.schema import RecordingSettings
from ..runs.folder import RunFolder
from ..system.progress import LOG
from .file import MARK, Selection


class Recorder:
    """Writes `recordings/epoch_E_batch_B.h5` and draws `plots/recordings/epoch_E_batch_B.png`.

    Parameters
    ----------
    settings : what to record, and when.
    model : that trains.
    folder : of the run.

    Raises
    ------
    SettingError
        Populations or variables that the network does not have.
    """

    def __init__(self, settings: RecordingSettings, model: Model, folder: RunFolder) -> None:
        self._settings, self._model, self._folder = settings, model, folder
        self._selection = Selection.of(model, settings.populations, settings.variables) if settings.epochs else None

    def before_batch(self, epoch: int, batch: int, samples: Any) -> None:
        """Record a batch if it is one of those chosen; epochs and batches count from 1."""
        settings = self._settings
        if self._selection is None or epoch not in settings.epochs or batch not in settings.batches:
            return
        name = f"epoch_{epoch}_batch_{batch}"
        context = {"run": self._folder.name, "epoch": epoch, "batch": batch}
        recorded = self._selection.record(self._model, samples, settings.samples, context)
        file = self._folder.recordings / f"{name}.h5"
        recorded.write(file)
        from ..plots import training as plots
        from . import figure as plot_recording

        title = f"{self._folder.name}: epoch {epoch}, batch {batch}"
        figure = self._folder.plots / "recordings" / f"{name}.png"
        plots.save(plot_recording.recording(recorded, title), figure, MARK)
        LOG.info("recorded %s", file)
