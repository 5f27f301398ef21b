"""What does each loss, and each addition to the network or its data, bring for a voice that was never heard?

Spoken digits, leave-one-speaker-out: every loss with a feed-forward and a recurrent network, each with no addition,
each addition and all of them, the most telling ones first. `python -m benchmarks.ablation` resumes where it stopped;
each cell of the table is five trainings and stands in ablation.csv as soon as it is done. Cells that have not run yet
say so.
"""

from __future__ import annotations

import csv
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from benchmarks.report import INK, Report, make_parser, use_style
from benchmarks.workers import start_processes
from genn_shd import DataError, DivergedError, EpochMetrics, load_config, load_dataset, prepare_data, run_training
from genn_shd.errors import BusyError
from genn_shd.runs.environment import read_processor_model
from genn_shd.runs.results import FoldsSummary
from genn_shd.training.callbacks import AfterEpoch

SEEDS, NUM_BEST = (0, 1, 2), 2
CHANCE, MIDDLE = 10.0, 33.0  # accuracies at the dark end and in the middle of the figure's colours, %
NOT_RUN, DIVERGED = "not run", "diverged"

BASE = (
    "dataset.name=fsdd",
    "dataset.split=all",
    "validation.kind=leave_one_speaker_out",
    "network.weights.input_hidden={mean = 0.01, std = 0.03}",
    "regularisation.strength_upper=2e-7",
    "regularisation.strength_lower=2e-7",
    "silent_neurons.weight_lift=0.002",
    "optimiser.learning_rate=3e-3",
    "training.monitor=training",
    # Small and short enough that a cell takes about a minute of one processor; the rate is eased in within one epoch.
    "simulation.num_threads=1",
    "simulation.dt=2.0",
    "network.num_hidden=64",
    "training.epochs=12",
    "optimiser.warm_up_factor=1.15",
)
"""The preset `fsdd_loso`, smaller and shorter. In full, so that results stay what they are when presets change."""
SMOKE = ("training.epochs=1", "network.num_hidden=16", "simulation.dt=5.0")

_SUM = ("loss.loss_scale=10.0",)
_FIRM = ("regularisation.strength_upper=1e-4", "regularisation.strength_lower=1e-4")
"""Without it, these two losses silence the hidden neurons."""
_FAINT = ("regularisation.strength_upper=1e-9", "regularisation.strength_lower=1e-9")
"""So little reaches hidden neurons through `sum` that more than this drowns it."""
_SPIKING = ("network.weights.hidden_output={mean = 1.2, std = 0.6}",)
LOSSES: dict[str, tuple[str, ...]] = {
    "xentropy": (*_SUM, *_FIRM),
    "max": (*_SUM, *_FIRM),
    "sum": (*_SUM, *_FAINT),
    "sum_linear": _SUM,
    "sum_exp": _SUM,
    "sum_sigmoid": _SUM,
    "sum_input": ("loss.loss_scale=100.0",),
    "first_spike": _SPIKING,
    "first_spike_exp": _SPIKING,
}
"""Settings of each loss over those of all, chosen by training accuracy of short runs with seed 0."""

ADDITIONS: dict[str, tuple[str, ...]] = {
    # Three copies; their initial weights share what one copy has.
    "delay line": (
        "network.input_delays=2",
        "network.delay_spacing=50.0",
        "network.weights.input_hidden={mean = 0.0035, std = 0.017}",
    ),
    "shift": ("augmentation.shift=10",),
    # Twice the samples in half the epochs.
    "blend": ("augmentation.blend=[0.5, 0.5]", "training.epochs=6"),
    "heterogeneous tau": ("network.heterogeneous=true",),
    "trained tau": (
        "network.trained={tau_mem = {minimum = 3.0}, tau_syn = {minimum = 1.0}}",
        "network.trained_rate=50.0",
    ),
}
ALL = "all of these"
NOTHING = "none"
ADDED = (*ADDITIONS, ALL)
COLUMNS = (NOTHING, *ADDED)


@dataclass(frozen=True)
class Cell:
    """Five trainings of one loss and network, with one addition, all or none, and one seed."""

    loss: str
    recurrent: bool
    addition: str
    seed: int

    @property
    def settings(self) -> tuple[str, ...]:
        """Settings that are not defaults."""
        added = sum(ADDITIONS.values(), ()) if self.addition == ALL else ADDITIONS.get(self.addition, ())
        own = (f"loss.name={self.loss}", f"network.recurrent={str(self.recurrent).lower()}")
        return (*BASE, *own, *LOSSES[self.loss], *added, f"training.seed={self.seed}")

    @property
    def name(self) -> str:
        """Name of its run folder."""
        network = "recurrent" if self.recurrent else "feed_forward"
        return f"{self.loss}-{network}-{self.addition.replace(' ', '_')}-{self.seed}"


@dataclass(frozen=True)
class Row:
    """The result of a cell: accuracies are means over the speakers left out.

    Attributes
    ----------
    loss, network, addition, seed : which cell.
    status : `complete` or `diverged`.
    accuracy : at the epoch of best training accuracy; the speaker left out chooses none.
    accuracy_last : after the last epoch.
    training_accuracy : at the epoch of `accuracy`.
    seconds_per_epoch : of one processor, evaluation of the speaker left out included; median of epochs.
    settings : checksum of all settings, so that a table never mixes rows of different ones.
    processor : that took the seconds, which mean nothing beside those of another.
    """

    loss: str
    network: str
    addition: str
    seed: int
    status: str
    accuracy: float | str
    accuracy_last: float | str
    training_accuracy: float | str
    seconds_per_epoch: float | str
    settings: str
    processor: str = ""


# --- which cell, in which order -----------------------------------------------------------------------------------


class Results:
    """Rows of results, in a CSV file that is written after every cell."""

    def __init__(self, path: Path, extra: Sequence[str] = ()) -> None:
        self.path, self.extra = path, tuple(extra)
        self.rows: dict[tuple[str, str, str, int], Row] = {}
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                for values in csv.DictReader(file):
                    self._put(Row(**{**values, "seed": int(values["seed"])}))

    def _put(self, row: Row) -> None:
        self.rows[(row.loss, row.network, row.addition, row.seed)] = row

    def get(self, cell: Cell) -> Row | None:
        """Return the row of a cell, unless it was made with other settings."""
        row = self.rows.get((cell.loss, name_network(cell.recurrent), cell.addition, cell.seed))
        return row if row is not None and row.settings == hash_settings(cell, self.extra) else None

    def add(self, row: Row) -> None:
        """Add a row, and write all of them."""
        self._put(row)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".part")
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(row) for row in self.rows.values())
        partial.replace(self.path)

    def values(self, cells: Iterable[Cell], name: str = "accuracy") -> list[float]:
        """Return one column of the rows of some cells, of those that are complete."""
        rows = [self.get(cell) for cell in cells]
        return [float(getattr(row, name)) for row in rows if row is not None and row.status == "complete"]

    @property
    def processor(self) -> str:
        """The processor that most rows were made on, whose seconds the tables show."""
        return Counter(row.processor for row in self.rows.values()).most_common(1)[0][0]


def name_network(recurrent: bool) -> str:
    """Return the name of a network in the CSV file."""
    return "recurrent" if recurrent else "feed-forward"


def hash_settings(cell: Cell, extra: Sequence[str]) -> str:
    """Hash all settings of a cell that are not defaults."""
    return hashlib.sha256("\n".join([*cell.settings, *extra]).encode()).hexdigest()[:12]


def list_base_cells(losses: Iterable[str], seed: int) -> list[Cell]:
    """List the cells of every loss with both networks and no addition."""
    return [Cell(loss, recurrent, NOTHING, seed) for loss in losses for recurrent in (True, False)]


def list_added_cells(losses: Iterable[str], seed: int) -> list[Cell]:
    """List the cells of each addition, then of all, to the networks of some losses."""
    return [cell for addition in ADDED for cell in list_cells_with(addition, losses, seed)]


def list_cells_with(addition: str, losses: Iterable[str], seed: int) -> list[Cell]:
    """List the cells of one addition, or of all, to the networks of some losses."""
    return [Cell(loss, recurrent, addition, seed) for recurrent in (True, False) for loss in losses]


def list_cells_of_seeds(loss: str, recurrent: bool, addition: str) -> list[Cell]:
    """List the cells of all seeds, whose mean one entry of the table is."""
    return [Cell(loss, recurrent, addition, seed) for seed in SEEDS]


def find_best_losses(results: Results) -> list[str]:
    """Find the losses of highest accuracy with seed 0, mean of both networks; none before all these cells have run."""
    if any(results.get(cell) is None for cell in list_base_cells(LOSSES, SEEDS[0])):
        return []
    score = {loss: sum(results.values(list_base_cells([loss], SEEDS[0]))) for loss in LOSSES}
    return sorted(score, key=lambda loss: -score[loss])[:NUM_BEST]


def plan(results: Results) -> list[Cell]:
    """List all cells in the order in which they are run: the losses, additions to the best, both with other seeds,
    additions to all other losses and, four times slower, all additions together to these."""
    best, (first, *others) = find_best_losses(results), SEEDS
    cells = list_base_cells(LOSSES, first)
    if not best:
        return cells
    cells += list_added_cells(best, first)
    cells += [cell for seed in others for cell in list_base_cells(LOSSES, seed)]
    cells += [cell for seed in others for cell in list_added_cells(best, seed)]
    rest = [loss for loss in LOSSES if loss not in best]
    cells += [cell for seed in SEEDS for addition in ADDITIONS for cell in list_cells_with(addition, rest, seed)]
    return cells + [cell for seed in SEEDS for cell in list_cells_with(ALL, rest, seed)]


# --- running them -------------------------------------------------------------------------------------------------


class _Watch:
    """A reporter that collects processor seconds of each epoch but the first of a fold, which includes preparations."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._last = time.process_time()

    def __call__(self, metrics: EpochMetrics) -> None:
        now = time.process_time()
        if metrics.epoch > 1:
            self.seconds.append(now - self._last)
        self._last = now


def run(cell: Cell, extra: Sequence[str], folder: Path) -> Row:
    """Train a cell, or resume it; returns its result."""
    key = (cell.loss, name_network(cell.recurrent), cell.addition, cell.seed)
    config, dataset = prepare_data(load_config(settings=[*cell.settings, *extra]))
    watch, settings = _Watch(), hash_settings(cell, extra)
    try:
        summary = run_training(config, dataset, folder / f"{cell.name}-{settings}", callbacks=[AfterEpoch(watch)])
    except DivergedError:
        return Row(*key, DIVERGED, "", "", "", "", settings)
    assert isinstance(summary, FoldsSummary)  # cells leave out one speaker after another
    training = np.mean([fold.best.training_accuracy for fold in summary.folds.values() if fold.best])
    seconds = f"{np.median(watch.seconds):.3f}" if watch.seconds else ""
    accuracies = (summary.mean_accuracy_best, summary.mean_accuracy_last, training)
    return Row(
        *key, "complete", *(f"{accuracy:.4f}" for accuracy in accuracies), seconds, settings, read_processor_model()
    )


def run_all(results: Results, folder: Path, workers: int, minutes: float, num_cells: int | None) -> None:
    """Run the cells without result, several at a time, until all are done or the time for new ones is over."""
    deadline, started = time.monotonic() + 60 * minutes, 0
    elsewhere: set[Cell] = set()  # in another process's hands
    running: dict[Future[Row], Cell] = {}
    with start_processes(workers) as pool:
        while True:
            under_way = {*running.values(), *elsewhere}
            waiting = [c for c in plan(results) if results.get(c) is None and c not in under_way]
            while waiting and len(running) < workers and time.monotonic() < deadline and started != num_cells:
                cell, started = waiting.pop(0), started + 1
                running[pool.submit(run, cell, results.extra, folder)] = cell
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                cell = running.pop(future)
                try:
                    row = future.result()
                except BusyError as error:
                    elsewhere.add(cell)
                    print(f"  {error}", flush=True)
                    continue
                results.add(row)
                what = f"{row.loss}, {row.network}, {row.addition}, seed {row.seed}"
                print(f"  {what}: {row.accuracy or row.status} ({row.seconds_per_epoch} s an epoch)", flush=True)


# --- the table and the figure ---------------------------------------------------------------------------------------


def format_cell(results: Results, loss: str, recurrent: bool, addition: str) -> str:
    """Format mean and standard deviation over seeds, their number and seconds per epoch, or that nothing ran."""
    cells = list_cells_of_seeds(loss, recurrent, addition)
    rows = [row for cell in cells if (row := results.get(cell)) is not None]
    accuracies, diverged = results.values(cells), sum(row.status == DIVERGED for row in rows)
    if not accuracies:
        return DIVERGED if diverged else NOT_RUN
    usual = results.processor
    seconds = [float(row.seconds_per_epoch) for row in rows if row.seconds_per_epoch and row.processor == usual]
    spread = f" +- {100 * np.std(accuracies, ddof=1):.1f}" if len(accuracies) > 1 else ""
    time_taken = f", {np.mean(seconds):.2f} s" if seconds else ""
    others = f", {diverged} {DIVERGED}" if diverged else ""
    return f"{100 * np.mean(accuracies):.1f}{spread} % ({len(accuracies)}{time_taken}{others})"


def format_markdown(results: Results) -> str:
    """Format the tables of both networks as docs/results/ablation.md shows them."""
    lines = []
    for recurrent in (False, True):
        lines += ["", f"| {name_network(recurrent)} | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
        for loss in LOSSES:
            cells = [format_cell(results, loss, recurrent, addition) for addition in COLUMNS]
            lines.append(f"| `{loss}` | " + " | ".join(cells) + " |")
    return "\n".join(lines[1:])


def draw(results: Results) -> Figure:
    """Draw the accuracy of every loss with every addition, one map for each network; missing cells stay empty."""
    with use_style():
        figure = Figure(figsize=(11, 4.4))
        for axes, recurrent in zip(figure.subplots(1, 2, sharey=True), (False, True), strict=True):
            image = _draw_map(axes, results, recurrent)
            axes.set_title(f"{name_network(recurrent)}, voice left out", loc="left")
        figure.colorbar(image, ax=figure.axes, label="accuracy / %", pad=0.01)
    return figure


def _draw_map(axes: Axes, results: Results, recurrent: bool) -> AxesImage:
    values = np.full((len(LOSSES), len(COLUMNS)), np.nan)
    for row, loss in enumerate(LOSSES):
        for column, addition in enumerate(COLUMNS):
            if format_cell(results, loss, recurrent, addition) == DIVERGED:
                axes.text(column, row, DIVERGED, ha="center", va="center", fontsize=8)
            if found := results.values(list_cells_of_seeds(loss, recurrent, addition)):
                values[row, column] = 100 * np.mean(found)
                spread = f"\n\u00b1{100 * np.std(found, ddof=1):.1f}" if len(found) > 1 else ""
                colour = "white" if values[row, column] < MIDDLE else INK
                text = f"{values[row, column]:.1f}{spread}"
                axes.text(column, row, text, ha="center", va="center", fontsize=8, linespacing=0.95, color=colour)
    image = axes.imshow(values, cmap="cividis", vmin=CHANCE, vmax=2 * MIDDLE - CHANCE, aspect="auto")
    axes.set_xticks(range(len(COLUMNS)), COLUMNS, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(LOSSES)), LOSSES)
    axes.grid(False)
    return image


def main(arguments: list[str] | None = None) -> None:
    """Run or resume, then print, draw and keep the results."""
    options = _options().parse_args(arguments)
    try:
        load_dataset("fsdd", split="all")
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    report = Report.begin("ablation", "Losses and additions, leave-one-speaker-out", options, 1)
    results = Results(report.folder / "ablation.csv", SMOKE if options.smoke else ())
    run_all(results, options.runs, options.workers, options.minutes, 2 if options.smoke else None)
    print("\n" + format_markdown(results))
    settings = {"base": BASE, "losses": LOSSES, "additions": ADDITIONS, "seeds": SEEDS}
    report.finish({"settings": settings}, 1, {"ablation": draw(results)})


def _options() -> Any:
    options = make_parser(__doc__)
    options.add_argument("--workers", type=int, default=2, help="cells at a time, one thread each (default: 2)")
    options.add_argument("--minutes", type=float, default=float("inf"), help="start no cell after so many minutes")
    options.add_argument("--runs", type=Path, default=Path("runs/ablation"), help="run folders (default: %(default)s)")
    return options


if __name__ == "__main__":
    main()
