"""Malformed sweep files, drawn from a seed: each makes a plan or is refused in a line, soon and in little memory."""

import random
import time

import pytest

from genn_shd import GennShdError
from genn_shd.backends import memory_estimate
from genn_shd.sweep import plan, strategies, sweep_file

SEED, FILES = 1, 200
SECONDS, GROWTH = 5.0, 1_000_000  # s; kB
SMALL = "\n".join(f"dataset.num_{part} = 20" for part in ("train", "validation", "test"))
KINDS = ("float", "log_float", "integer", "log_integer", "choice", "cases", "points", "sets", "when", "nonsense")
LIKELY = {
    **dict.fromkeys(
        ("float", "log_float"), ("[1.0, 100.0]", "[1e-300, 1e300]", "[-1e308, 1e308]", "[1, 2]", "[0.1, inf]")
    ),
    **dict.fromkeys(("integer", "log_integer"), ("[1, 8]", "[1, 1000000000]", "[1, 100000000000000000000]", "[0, 3]")),
    "choice": ('["sum_exp", "max"]', "[1, 2]", "[[1], {a = 1}]", "[true, 1]", '["yin_yang", "fsdd"]', "[1e-3, nan]"),
    "points": ("2", "5", "1000000000", "100000"),
}
PARAMETERS = ("network.tau_syn", "network.num_hidden", "optimiser.learning_rate", "loss.name", "a", "dataset.name", "")
PLACES = (
    *("title", "preset", "function", "settings", "space", "strategy", "strategy.name", "strategy.points", "budget"),
    *("strategy.initial", "strategy.seed", "strategy.warm_start", "strategy.exploration", "repeats", "repeats.seeds"),
    *("repeats.folds", "objective.metric", "objective.epoch", "objective.at_most", "budget.trials", "budget.hours"),
    *("stopping.rule", "stopping.after", "stopping.trials", "published", "dataset", "dataset.fsdd", "smoke", "odd"),
    *("settings.training", "settings.network.num_hidden", "settings.validation", "settings.simulation.dt"),
)
VALUES = (
    *("1" + "0" * 400, "1e308", "1e400", "1e-300", "-0.0", "nan", "inf", "-inf", "0", "-1", "0.5", "3", "1e12", "true"),
    *(
        "1000000000",
        "2147483648",
        "18446744073709551616",
        '""',
        '"x"',
        '"' + "a" * 10_000 + '"',
        '"os:system"',
        '"yin_yang"',
    ),
    *(
        '"nosuch:thing"',
        '"\\u0000"',
        '"../../x"',
        '"grid"',
        '"random"',
        '"list"',
        '"bayesian"',
        '"speakers"',
        '"median"',
    ),
    *(
        "[]",
        "[[]]",
        "[1, 2, 3]",
        "[1, 2]",
        '["a", 1, true]',
        "[nan, 1.0]",
        "[0.8, 1e300]",
        "[1e-300, 1.0]",
        "[0, 0]",
        "{}",
    ),
    *("[1, 1000000000]", "[0, 9223372036854775807]", "[-1e308, 1e308]", "[1, 100000000000000000000]", "[1.0, inf]"),
    *("{a = 1}", "{x = {y = 1}}", "[{}]", "[{a = 1}]", '{"network.tau_mem" = 20.0}', "1979-05-27", "07:32:00"),
    *(
        '{"network.tau_mem" = nan}',
        '{a = {"network.tau_mem" = 20.0}, b = {}}',
        '["network.tau_mem", "network.tau_syn"]',
    ),
)
BROKEN = (
    "[[[",
    "x = " + "[" * 3000 + "]" * 3000,
    '"" = 1',
    "[[space]]",
    "space = 3",
    "= 3",
    "\x00",
    "a" * 1000 + " = 1",
)


def draw_file(rng):
    """A good sweep file with a few lines in it that are not."""
    kept = {
        "title": '"t"',
        "preset": '"yin_yang"',
        "strategy": f'{{ name = "{rng.choice(["grid", "random", "bayesian"])}" }}',
        "budget": "{ trials = 3 }",
        'space."network.tau_mem"': "{ choice = [10.0, 20.0] }",
    }
    for _ in range(rng.choice([1, 1, 2, 3])):
        if rng.random() < 0.5:
            kind = rng.choice([kind for kind in LIKELY if kind != "points"])
            points = f", points = {rng.choice(LIKELY['points'])}" if kind != "choice" and rng.random() < 0.5 else ""
            kept[f'space."{rng.choice(PARAMETERS[:4])}"'] = f"{{ {kind} = {rng.choice(LIKELY[kind])}{points} }}"
        elif rng.random() < 0.5:
            kinds = rng.sample(KINDS, rng.choice([1, 1, 2]))
            given = {kind: rng.choice(LIKELY.get(kind, VALUES) if rng.random() < 0.7 else VALUES) for kind in kinds}
            values = ", ".join(f"{kind} = {value}" for kind, value in given.items())
            kept[f'space."{rng.choice(PARAMETERS)}"'] = f"{{ {values} }}"
        else:
            place = rng.choice(PLACES)
            kept = {name: value for name, value in kept.items() if name.partition(".")[0] != place.partition(".")[0]}
            kept[place] = rng.choice(VALUES)
    lines = [f"{name} = {value}" for name, value in kept.items()]
    if not any(name.startswith("settings") for name in kept):
        lines += [f"settings.{line}" for line in SMALL.splitlines()]
    return "\n".join([*lines, *([rng.choice(BROKEN)] if rng.random() < 0.1 else []), ""])


def peak():
    resource = pytest.importorskip("resource")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def plan_sweep(path):
    """As the command does before it trains: read, plan, build the strategy and ask it for the first trial."""
    strategies.build(plan.make_plan(sweep_file.read(str(path), None, False))).suggest([])


@pytest.mark.slow
def test_no_sweep_file_ends_in_a_traceback_a_hang_or_much_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_estimate, "read_available_memory", lambda: 10**9)
    monkeypatch.chdir(tmp_path)
    rng, file, before, planned = random.Random(SEED), tmp_path / "sweep.toml", peak(), 0
    for _ in range(FILES):
        file.write_text(text := draw_file(rng))
        started = time.process_time()
        try:
            plan_sweep(file)
            planned += 1
        except GennShdError as error:
            assert str(error) and "\n" not in str(error), text
        except BaseException:
            print(text)
            raise
        assert time.process_time() - started < SECONDS, text
    assert 0 < planned < FILES
    assert peak() - before < GROWTH
