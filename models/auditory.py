"""The first neurons of the auditory pathway: hair cell, auditory nerve fibre, bushy cell. Times in ms, rates per ms.

Models and constants are those of the Spiking Heidelberg Digits (Cramer et al. 2020, IEEE Trans. Neural Netw. Learn.
Syst. 33, 2744). `stimulus` is the velocity of the basilar membrane at the place of the cell.
"""

from genn_shd.auditory.stages import Periphery, Stage
from genn_shd.network.definitions import NeuronModel, Parameter

from .synapses import EXPONENTIAL

_PERMEABILITY = "release * fmax(stimulus + offset, 0) / (fmax(stimulus + offset, 0) + half)"

HAIR_CELL = NeuronModel(
    name="Meddis hair cell",
    parameters={
        "replenishment": Parameter(5.05e-3, "1/ms", minimum=0.0),
        "release": Parameter(2.0, "1/ms", minimum=0.0),
        "loss": Parameter(2.5, "1/ms", minimum=0.0),
        "reuptake": Parameter(6.58, "1/ms", minimum=0.0),
        "reprocessing": Parameter(66.3e-3, "1/ms", minimum=0.0),
        "capacity": Parameter(1.0, minimum=0.0),
        "offset": Parameter(5.0),
        "half": Parameter(300.0, minimum=0.0),
    },
    state={"free": 0.5, "cleft": 0.0, "store": 0.0},
    dynamics={
        "free": f"replenishment * fmax(capacity - free, 0) + reprocessing * store - {_PERMEABILITY} * free",
        "cleft": f"{_PERMEABILITY} * free - (loss + reuptake) * cleft",
        "store": "reuptake * cleft - reprocessing * store",
    },
)
"""Transmitter moves from a free pool to the synaptic cleft, partly back to a store, and from there to the pool: Meddis
1986 (J. Acoust. Soc. Am. 79, 702) and 1988 (83, 1056), where the parameters are y, g, l, r, x, M, A and B."""

NERVE_FIBRE = NeuronModel(
    name="auditory nerve fibre",
    parameters={"gain": Parameter(50.0, "1/ms", minimum=0.0)},
    state={},
    dynamics={},
    threshold="gain * cleft * dt - uniform",
)
"""Spikes at random with the rate `gain` times the transmitter in the cleft; `uniform` is drawn from 0 to 1 per step."""

BUSHY_CELL = NeuronModel(
    name="bushy cell",
    parameters={
        "tau_mem": Parameter(1.0, "ms", minimum=0.0),
        "gain": Parameter(0.325, "1/ms", minimum=0.0),
        "v_threshold": Parameter(1.0, minimum=0.0),
    },
    state={"V": 0.0},
    dynamics={"V": "gain * I - V / tau_mem"},
    threshold="V - v_threshold",
    reset={"V": "0"},
)
"""Leaky integrate-and-fire neuron of the cochlear nucleus; it spikes when several of its fibres spike together."""

FIBRES = 40
"""Nerve fibres that converge on one bushy cell; the cell's gain is 13 per ms divided by their number."""

COCHLEAR_NUCLEUS = Periphery(
    stimulus="stimulus",
    stages=(
        Stage("hair_cell", HAIR_CELL, step="euler"),
        # 1 ms from one spike to the next, including the step of the spike.
        Stage("fibre", NERVE_FIBRE, copies=FIBRES, refractory=23 / 24),
        Stage("bushy_cell", BUSHY_CELL, EXPONENTIAL, step="split", refractory=1.0, values={"tau_syn": 0.5}),
    ),
)
"""Hair cell, nerve fibres and bushy cell of one place on the basilar membrane; the stimulus is its velocity."""
