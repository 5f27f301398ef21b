"""Weights & Biases: every epoch of a training as a run there. `pip install wandb`, `wandb login`, and in the settings

[training.callbacks.wandb]
class = "examples.callback_wandb:WandB"
project = "spoken_digits"

Parameters of the class are settings of the callback: `described` says what they mean.
"""

from typing import Annotated, Any

import wandb

from genn_shd import Callback, described


class WandB(Callback):
    """Sends the metrics of every epoch; an interrupted run is resumed as the same run."""

    def __init__(self, project: Annotated[str, described("project that the run belongs to")] = "genn_shd") -> None:
        self._project = project
        self._id: str | None = None

    def get_state(self) -> dict[str, Any]:
        return {"id": self._id} if self._id else {}

    def restore(self, state: dict[str, Any]) -> None:
        self._id = state["id"]

    def on_train_begin(self, trainer: Any) -> None:
        config = trainer.config.model_dump(mode="json")
        name = trainer.folder.name
        run = wandb.init(project=self._project, name=name, config=config, id=self._id, resume="allow")
        self._id = run.id

    def on_epoch_end(self, trainer: Any, metrics: Any) -> None:
        wandb.log(metrics.to_row(), step=metrics.epoch)

    def on_train_end(self, trainer: Any, status: str) -> None:
        wandb.finish(exit_code=0 if status == "complete" else 1)
