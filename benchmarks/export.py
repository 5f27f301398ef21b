"""Does a trained network answer the same where it is exported to, and what does it take there?

`python -m benchmarks.export [--smoke] [--run DIR]`: a network of the preset `spoken_digits` (which `make train` trains;
`--run` takes one that is trained already) is exported as C library, NIR file, script for PyGeNN and page, and each
classifies the whole test set: accuracy and largest difference of the logits beside `evaluate`, size of the files,
memory, and time a word. The page's network runs in Node. Thirty words go to the C library for ARM and RISC-V under QEMU
(Debian's qemu-user), where that is installed. Tools that are missing are left out, and named.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.devices import EMULATORS, run_library
from benchmarks.report import Report, make_parser, print_table
from benchmarks.training import train_preset
from genn_shd import SpikeTrains, compile_network, export, prepare_data, read_nir
from genn_shd.exporters import c
from genn_shd.exporters.trained_network import TrainedNetwork, read_run
from genn_shd.exporters.web.page import read_part
from genn_shd.runs.folder import RunFolder
from genn_shd.training.build import build_network, compile_model
from genn_shd.training.data import partition, prepare_for_evaluation

EMULATED = 30
COLUMNS = ("to", "runs in", "right", "logits differ by", "files", "constants", "RAM", "ms a word")
SMOKE = (
    "dataset.classes=['zero','one']",
    "dataset.voices=4",
    "training.epochs=1",
    "network.num_hidden=16",
    "simulation.dt=4.0",
)


@dataclass(frozen=True)
class Task:
    """A run and its test set.

    Attributes
    ----------
    run : its folder.
    network : as exporters take it.
    whole, raw, prepared : the test set as it was encoded, thinned (`augmentation.normalise`), and rescaled as well.
    logits : of `evaluate`, (B, C).
    """

    run: Path
    network: TrainedNetwork
    whole: SpikeTrains
    raw: SpikeTrains
    prepared: SpikeTrains
    logits: np.ndarray

    def select(self, number: int) -> Task:
        """Return the task with so many samples, from everywhere in the test set."""
        chosen = np.unique(np.linspace(0, len(self.raw) - 1, number).astype(int))
        trains = [trains.select(chosen) for trains in (self.whole, self.raw, self.prepared)]
        return Task(self.run, self.network, *trains, self.logits[chosen])


def main(arguments: list[str] | None = None) -> None:
    """Train, export, run, compare, and keep the figures."""
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, metavar="DIR", help="a run of the preset that is there already")
    options = parser.parse_args(arguments)
    report = Report.begin("export", "A network where it is exported to", options, 1)
    with TemporaryDirectory() as name:
        folder = Path(name)
        run = options.run or _train(folder / "run", options.smoke)
        task = _read_task(run)
        rows = [_format("evaluate", "native", task, task.logits, {})]
        for measure in (_measure_c, _measure_emulated, _measure_genn, _measure_nir, _measure_page):
            for row in measure(task, folder):
                print(f"  {row[0]}, {row[1]}: {row[2]}", file=sys.stderr)
                rows.append(row)
    print_table(COLUMNS, rows)
    report.finish({"samples": len(task.raw), "rows": rows}, 1)


def _train(run: Path, is_smoke: bool) -> Path:
    train_preset("spoken_digits", list(SMOKE if is_smoke else ()), run)
    return run


def _read_task(run: Path) -> Task:
    """The test set of a run, and what the native back end says of it."""
    folder, network = RunFolder.open_existing(run), read_run(run)
    config, dataset = prepare_data(folder.read_config())
    test = partition(config, dataset).test
    plain = folder.read_config().replace(**{"dataset.rescale_channel": 1.0, "dataset.rescale_time": 1.0})
    whole = partition(*prepare_data(plain)).test
    assert test is not None and whole is not None
    raw = prepare_for_evaluation(plain, whole)  # thinned as `prepared` is: spike by spike, whatever its channel
    prepared = prepare_for_evaluation(config, test)
    batch = prepared.trains.select(prepared.indices)
    saved = folder.checkpoints.read("best")
    described = build_network(config, saved.state["num_input"], len(saved.state["class_names"]))
    with compile_model(config.replace(**{"training.batch_size": len(batch)}), described) as model:
        model.set_parameters(saved.select_group("parameters"))
        logits = model.evaluate_batch(batch).logits
    return Task(run, network, whole.trains.select(whole.indices), raw.trains.select(raw.indices), batch, logits)


def _format(to: str, where: str, task: Task, logits: np.ndarray, sizes: dict[str, str]) -> list[str]:
    right = 100 * np.mean(logits.argmax(axis=1) == task.raw.labels)
    differ = np.abs(logits - task.logits).max() / np.abs(task.logits).max()
    return [
        to,
        where,
        f"{right:.2f} %",
        f"{differ:.0e}" if differ else "0",
        *(sizes.get(name, "") for name in COLUMNS[4:]),
    ]


def _format_bytes(size: float) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _format_time(seconds: float, task: Task) -> str:
    return f"{1000 * seconds / len(task.raw):.2f}"


def _export(task: Task, to: str, file: Path, *options: str) -> str:
    """Export, and return the size of the files."""
    assert export.main([str(task.run), "--to", to, "--out", str(file), "--overwrite", *options]) == 0
    return _format_bytes(sum(path.stat().st_size for path in file.parent.glob(f"{file.stem}.*")))


def _measure_c(task: Task, folder: Path) -> Iterator[list[str]]:
    for weights in c.WEIGHTS:
        room = folder / weights
        room.mkdir()
        library = c.generate(task.network, "words", weights)
        answers = run_library(library, task.raw, room)
        source = sum((room / name).stat().st_size for name in ("words.c", "words.h"))
        sizes = {
            "files": _format_bytes(source),
            "constants": _format_bytes(library.flash),
            "RAM": _format_bytes(library.ram),
            "ms a word": _format_time(answers.seconds, task),
        }
        yield _format(f"c, {weights}", "this machine", task, answers.logits, sizes)


def _measure_emulated(task: Task, folder: Path) -> Iterator[list[str]]:
    """The library with weights in 8 bits and in 32, by other machines' code; their times are those of QEMU."""
    for target, emulator in EMULATORS.items():
        if shutil.which(emulator) is None or importlib.util.find_spec("ziglang") is None:
            print(f"  without {target}: {emulator} (Debian's qemu-user) or ziglang is not installed")
            continue
        for weights in ("float32", "int8"):
            room = folder / f"{target}-{weights}"
            room.mkdir()
            library = c.generate(task.network, "words", weights)
            some = task.select(EMULATED)
            answers = run_library(library, some.raw, room, target)
            where = f"{target.partition('-')[0]}, QEMU, {len(some.raw)} words"
            yield _format(f"c, {weights}", where, some, answers.logits, {})


def _measure_genn(task: Task, folder: Path) -> Iterator[list[str]]:
    if importlib.util.find_spec("pygenn") is None:
        print("  without PyGeNN, which is not installed")
        return
    (folder / "genn").mkdir()
    size = _export(task, "genn", folder / "genn" / "words.py")
    specification = importlib.util.spec_from_file_location("words", folder / "genn" / "words.py")
    assert specification and specification.loader
    words = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(words)
    with contextlib.chdir(folder / "genn"):
        model = words.build(int(task.whole.counts.max()), backend="single_threaded_cpu")
    # The script thins samples itself, each by its number.
    samples = [(*task.whole[k], *([k] if task.network.thinning else [])) for k in range(len(task.whole))]
    started = time.process_time()
    logits = np.array([words.classify(model, *sample) for sample in samples])
    seconds = time.process_time() - started
    yield _format("genn", "PyGeNN, CPU", task, logits, {"files": size, "ms a word": _format_time(seconds, task)})


def _measure_nir(task: Task, folder: Path) -> Iterator[list[str]]:
    if importlib.util.find_spec("nir") is None:
        print("  without NIR: the package nir is not installed")
        return
    (folder / "nir").mkdir()
    file = folder / "nir" / "words.nir"
    size, read = _export(task, "nir", file), read_nir(file)
    network, batch = task.network, task.prepared
    settings = {"dt": read.dt, "duration": network.duration, "scheme": network.scheme, "batch_size": len(batch)}
    with compile_network(read.network, **settings, num_threads=1) as model:
        read.apply(model)
        model.evaluate_batch(batch)
        started = time.process_time()
        logits = model.evaluate_batch(batch).logits
        seconds = time.process_time() - started
    yield _format("nir", "read_nir, native", task, logits, {"files": size, "ms a word": _format_time(seconds, task)})


def _measure_page(task: Task, folder: Path) -> Iterator[list[str]]:
    if shutil.which("node") is None or importlib.util.find_spec("ziglang") is None:
        print("  without a page: node or ziglang is not installed")
        return
    (folder / "web").mkdir()
    (folder / "scripts.js").write_text(read_part("ear.js"), encoding="utf-8")
    samples = [
        dict(zip(("times", "units"), (a.tolist() for a in task.raw[k]), strict=True)) for k in range(len(task.raw))
    ]
    (folder / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
    for weights in ("float32", "int8"):
        page = folder / "web" / f"words_{weights}.html"
        size = _export(task, "web", page, "--weights", weights)
        words = ["node", str(Path(__file__).with_name("page.js"))]
        words += [str(folder / "scripts.js"), str(page), str(folder / "samples.json")]
        said = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        sizes = {"files": size, "ms a word": _format_time(said["seconds"], task)}
        yield _format(f"web, {weights}", "Node", task, np.array(said["logits"]), sizes)


if __name__ == "__main__":
    main()
