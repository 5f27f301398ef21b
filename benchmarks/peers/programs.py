"""The programs that are compared: their packages, and what their networks differ in from that of genn_shd."""

from __future__ import annotations

from dataclasses import dataclass, field

TORCH = "torch==2.13.0"


@dataclass(frozen=True)
class Program:
    """A program, or one way to use it.

    Attributes
    ----------
    name : for the table.
    adapter, variant : module of `benchmarks.peers.adapters`, and the argument of its class.
    packages : requirements of its own environment, the program first; none for those of this environment.
    differs : kinds of work that it runs -> what differs; "" where nothing does.
    module : that must be there for it to run in this environment.
    delayed : whether spikes of hidden neurons take a step of time, so that the truth for it has that delay.
    most_samples : of an update that it can hold, by name of the work.
    parallel : whether it can use more than one core.
    """

    name: str
    adapter: str
    packages: tuple[str, ...] = ()
    variant: str = ""
    differs: dict[str, str] = field(default_factory=dict)
    module: str = "genn_shd"
    delayed: bool = True
    most_samples: dict[str, int] = field(default_factory=dict)
    parallel: bool = True


NOTHING = dict.fromkeys(("classifier", "adaptive", "delays", "first_spike", "delayed_first_spike"), "")
GRID = "spikes on the grid"

PROGRAMS = (
    Program("genn_shd, exact", "native", variant="exact", differs=NOTHING),
    Program(
        "genn_shd, exact, float64",
        "native",
        variant="exact64",
        differs={"classifier": "", "first_spike": ""},
        parallel=False,
    ),
    Program("genn_shd, grid", "native", variant="grid", differs=dict.fromkeys(NOTHING, GRID)),
    Program(
        "snnTorch",
        "snntorch",
        ("snntorch>=1.0,<1.1", TORCH, "numpy"),
        differs={"classifier": f"{GRID}; surrogate: fast sigmoid, slope 25"},
    ),
    Program(
        "SpikingJelly",
        "spikingjelly",
        ("spikingjelly>=2.0,<2.1", TORCH),
        differs={"classifier": f"{GRID}; surrogate: arctangent, alpha 2"},
    ),
    Program(
        "norse",
        "norse",
        ("norse>=1.1,<1.2", TORCH),
        differs={
            "classifier": f"{GRID}, forward Euler; surrogate: SuperSpike, alpha 100",
            "adaptive": f"{GRID}, forward Euler; surrogate: SuperSpike, alpha 100; no gradient through the reset",
        },
    ),
    Program(
        "Spyx",
        "spyx",
        ("spyx>=1.0,<1.1",),
        differs={
            "classifier": f"{GRID}; the reset subtracts the threshold; surrogate: SuperSpike, k 25",
            "adaptive": f"{GRID}; the reset subtracts the threshold; surrogate: SuperSpike, k 25; without feedback "
            "and synaptic currents of hidden neurons",
        },
    ),
    Program(
        "PyGeNN CPU, sequential",
        "native",
        variant="genn_cpu",
        differs={"classifier": GRID, "adaptive": GRID, "delays": GRID},
        module="pygenn",
        parallel=False,
    ),
    Program(
        "mlGeNN CPU",
        "mlgenn",
        differs={
            "classifier": f"{GRID}; an update after every sample; tells wrong answers for a loss, and no gradient",
            "delays": f"{GRID}; an update after every sample; tells wrong answers for a loss, and no gradient",
        },
        module="ml_genn",
        parallel=False,
    ),
    Program(
        "Eventax",
        "eventax",
        ("eventax>=0.1,<0.2", "optax"),
        differs=dict.fromkeys(("first_spike", "delayed_first_spike"), "solver in steps of 1 ms"),
        most_samples={"shd_first_spike": 1, "yin_yang": 2, "delays_first_spike": 2},
        parallel=False,
    ),
    Program(
        "jaxsnn",
        "jaxsnn",
        ("jaxsnn>=0.3,<0.4",),
        differs={"first_spike": "spikes arrive at once"},
        delayed=False,
        most_samples={"shd_first_spike": 4},
        parallel=False,
    ),
)
