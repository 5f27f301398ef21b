"""One training in a run folder, from data to plots; an interrupted one is resumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..backends.base import Model
from ..backends.loss_weight import compute_weight_curves
from ..config.schema import Config
from ..datasets import Dataset
from ..errors import DivergedError
from ..runs import environment
from ..runs.evaluation_report import Operations, RunReport
from ..runs.files import read_baseline
from ..runs.folder import RunFolder
from ..runs.results import RunSummary
from ..system.interrupt import Interrupted, StopRequest
from ..system.progress import LOG
from .build import build_network, check_fits, compile_model
from .callbacks.base import Callback, Status
from .callbacks.loading import load_callbacks
from .data import count_most_samples, partition, prepare_for_evaluation, resolve_from_data
from .evaluate_parts import evaluate_parts
from .evaluation import Evaluation, summarise_evaluation
from .samples import Partition, Samples
from .silent_neurons import list_silent_layers
from .start import start_from_run
from .trainer import Trainer

_SAMPLES_DRAWN = 50


def train_once(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, callbacks: Sequence[Callback] = ()
) -> tuple[RunSummary, dict[str, Evaluation]]:
    """Train once; return the summary, and evaluations of the best epoch on each part of the data that is held out."""
    callbacks = [*load_callbacks(config.training.named_callbacks), *callbacks]
    config, samples = _prepare_samples(config, dataset)
    network = build_network(config, dataset.num_input, dataset.num_classes)
    most = count_most_samples(config, samples)
    check_fits(config, network, most)
    with RunFolder.open(path, config) as folder, compile_model(config, network, most) as model:
        folder.results.write_environment(environment.describe(model, config.training.seed))
        start_from_run(model, config, folder)
        _announce(model, samples)
        draw_weight(model, samples.train, folder)
        trainer = Trainer(model, samples, config, folder, dataset.class_names, stop, callbacks)
        with _conclude_when_stopped(trainer):
            trainer.run()
        evaluations, operations = _evaluate_best(model, partition(config, dataset), config, folder)
        _write_evaluations(evaluations, operations, dataset, folder)
        draw_confusion(evaluations, dataset.class_names, folder)
        return _conclude(trainer, "complete", evaluations), evaluations


def _prepare_samples(config: Config, dataset: Dataset) -> tuple[Config, Partition]:
    """Partition the samples, prepare those held out for evaluation, and resolve settings that depend on them."""
    samples = partition(config, dataset)
    config = resolve_from_data(config, samples.train)
    return config, replace(samples, **{name: prepare_for_evaluation(config, p) for name, p in samples.held_out.items()})


def _announce(model: Model, samples: Partition) -> None:
    """Log the numbers of samples and parameters, and the back end."""
    counts = ", ".join(f"{len(part)} {name}" for name, part in samples.parts.items())
    what = "%s samples; %d parameters; back end %s, ready in %.1f s"
    LOG.info(what, counts, model.network.num_parameters, model.backend, model.compile_seconds)


@contextmanager
def _conclude_when_stopped(trainer: Trainer) -> Iterator[None]:
    """Write a summary also if training is interrupted or diverges."""
    try:
        yield
    except (Interrupted, DivergedError) as end:
        _conclude(trainer, "interrupted" if isinstance(end, Interrupted) else "diverged", {})
        raise


def _conclude(trainer: Trainer, status: Status, evaluations: Mapping[str, Evaluation]) -> RunSummary:
    summary = summarise(trainer, status, evaluations)
    trainer.folder.results.write_summary(summary)
    return summary


def summarise(trainer: Trainer, status: Status, evaluations: Mapping[str, Evaluation]) -> RunSummary:
    """Make the summary of a training and of the evaluations of its best epoch."""
    state = trainer.state
    with_copies = {part: evaluation.accuracy for part, evaluation in evaluations.items() if evaluation.copies}
    return RunSummary(
        run=trainer.folder.name,
        status=status,
        epochs=state.epoch,
        monitor=trainer.config.training.monitor,
        best=state.best,
        last=state.history[-1] if state.history else None,
        silent_layers=list_silent_layers(state.silent),
        num_parameters=trainer.model.network.num_parameters,
        compile_seconds=round(trainer.model.compile_seconds, 3),
        seconds=round(sum(metrics.seconds for metrics in state.history), 3),
        time=environment.format_now(),
        baseline=read_baseline(trainer.folder.baseline_file),
        with_copies=with_copies or None,
    )


def _evaluate_best(
    model: Model, samples: Partition, config: Config, folder: RunFolder
) -> tuple[dict[str, Evaluation], dict[str, Operations]]:
    """Evaluate the weights of the best epoch on the samples held out, or on the training samples if there are none."""
    best = folder.checkpoints.read("best")
    best.check(model.network)
    model.set_parameters(best.select_group("parameters"))
    return evaluate_parts(model, samples.held_out or samples.parts, config)


def _write_evaluations(
    evaluations: Mapping[str, Evaluation], operations: Mapping[str, Operations], dataset: Dataset, folder: RunFolder
) -> None:
    """Write `evaluation.json`, as `python -m genn_shd.evaluate` does."""
    names = dataset.class_names, dataset.speaker_names
    parts = {
        name: summarise_evaluation(evaluation, operations[name], *names) for name, evaluation in evaluations.items()
    }
    epoch = folder.checkpoints.read("best").state["epoch"]
    folder.results.write_evaluation(RunReport(folder.name, "best", epoch, None, {}, parts))


def draw_weight(model: Model, samples: Samples, folder: RunFolder) -> None:
    """Draw the weight of the loss over time as `plots/weight.png`, if it has one."""
    loss, given = model.network.loss, model.network.loss_values
    if loss.weight is None:
        return
    from ..plots import training as plots

    values = {name: given.get(name, parameter.default) for name, parameter in loss.parameters.items()}
    some = samples.trains.select(samples.indices[:_SAMPLES_DRAWN])
    t, weight = compute_weight_curves(loss, values, round(model.duration / model.dt), model.dt, some)
    plots.save(
        plots.draw_loss_weight(t, weight, f"{folder.name}: {loss.name}, {loss.weight}"), folder.plots / "weight.png"
    )


def draw_confusion(evaluations: Mapping[str, Evaluation], class_names: Sequence[str], folder: RunFolder) -> None:
    """Draw the confusion matrix of each part of the data as `plots/confusion_PART.png`."""
    from ..plots import training as plots

    for name, evaluation in evaluations.items():
        right = f"{100 * evaluation.accuracy:.1f} % of {len(evaluation.labels)} right"
        figure = plots.draw_confusion(
            evaluation.count_confusion(len(class_names)), class_names, f"{folder.name}, {name}: {right}"
        )
        plots.save(figure, folder.plots / f"confusion_{name}.png")
