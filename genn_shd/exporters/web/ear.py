"""The model of the inner ear as a WebAssembly module: the C code of the membrane and the cells, and a driver."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...auditory import generator
from ...auditory.program import build_program
from ...models.auditory import COCHLEAR_NUCLEUS
from ...speech import basilar, cochlea, fourier, live, membrane, preparation, stream
from ...toolchain.templates import load_templates
from ...toolchain.webassembly import compile_webassembly

PIECE = 200
"""Duration of the pieces in which sound from the microphone is encoded, ms."""

_BLOCKS = -(-cochlea.NUM_CHANNELS // membrane.BLOCK)


def compile_ear() -> bytes:
    """Compile the module; its functions are in the template `ear.c.j2`."""
    cells = build_program(COCHLEAR_NUCLEUS, cochlea.STEP)
    num_nodes = math.ceil(math.log(membrane.HIGHEST) / membrane.SPACING) + membrane.TAPS - membrane.FIRST_NODE
    nodes = membrane.FIRST_NODE + np.arange(num_nodes)
    driver = load_templates("genn_shd.exporters.web").get_template("ear.c.j2")
    text = driver.render(
        basilar=basilar,
        shape={
            "channels": cochlea.NUM_CHANNELS,
            "block": membrane.BLOCK,
            "blocks": _BLOCKS,
            "part": generator.PART,
            "lanes": membrane.LANES,
            "taps": membrane.TAPS,
            "chunk": membrane.CHUNK,
            "nodes": num_nodes,
            "first_node": membrane.FIRST_NODE,
            "spacing": membrane.SPACING,
            "lowest": membrane.LOWEST,
            "highest": membrane.HIGHEST,
            "inaudible": membrane.INAUDIBLE,
            "radices": fourier.RADICES,
            "refractory_steps": cells.stages[-1].refractory_steps,
        },
        inputs=basilar.compute_input(2 * np.pi * np.exp(membrane.SPACING * nodes)).tolist(),
        rest=[repr(value) for value in cells.state.values()],
        values=[repr(value) for value in generator.list_values(cells)],
    )
    return compile_webassembly(
        {"ear.c": text, "membrane.c": membrane.write_source(), "cells.c": generator.generate(cells)}
    )


def draw_seeds(seed: int) -> np.ndarray:
    """Draw the seeds of the random numbers of the nerve fibres, (blocks, 2, channels per block) uint32."""
    return cochlea.draw_seeds(seed, _BLOCKS)


def describe_ear() -> dict[str, Any]:
    """Collect the settings of the scripts that call the module, the same as those of `python -m genn_shd.listen`."""
    usual = preparation.Preparation()
    return {
        "channels": cochlea.NUM_CHANNELS,
        "groups": _BLOCKS * membrane.BLOCK // membrane.LANES,
        "step": cochlea.STEP,
        "sample_rate": preparation.SAMPLE_RATE,
        "rms": usual.rms,
        "flank": usual.flank,
        "silence": usual.silence,
        "trim": preparation.TRIM,
        "bucket": preparation.BUCKET,
        "floor": 10.0 ** (-live.THRESHOLD / 20.0),
        "piece": PIECE,
        "look_behind": stream.LOOKBEHIND,
        "look_ahead": stream.LOOKAHEAD,
        "ramp": stream.RAMP,
    }
