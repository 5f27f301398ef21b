"""`--to web`: a page that hears words, in one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import dataclass
from typing import Any

from ... import __version__
from ...errors import SettingError
from ...speech import cochlea
from ...toolchain.templates import load_templates
from ...toolchain.webassembly import compile_webassembly
from .. import c
from ..trained_network import TrainedNetwork
from .ear import compile_ear, describe_ear, draw_seeds

PARTS = ("style.css", "sound.js", "ear.js", "worker.js", "recorder.js", "drawing.js", "page.js")
"""Files of the page that are written into it as they are."""

_TIMES = {
    "every": 50.0,
    "longest": 10_000.0,
    "longest_word": 2_000.0,
    "least_word": 60.0,
    "pause": 400.0,
    "late": 600.0,
}
"""In ms: between probabilities; of the longest sound, of a word from the microphone at most and at least, of the pause
that ends it; and how late the page may be before it shows words at their end alone."""


@dataclass(frozen=True)
class WebPage:
    """A page, and sizes of its parts in bytes.

    Attributes
    ----------
    text : the HTML file.
    ear, network : of the two WebAssembly modules.
    """

    text: str
    ear: int
    network: int


def generate(trained: TrainedNetwork, title: str, mark: str, weights: str = "float32") -> WebPage:
    """Write the page of a network that hears sound.

    Parameters
    ----------
    trained : the network.
    title : its heading.
    mark : of the command that writes it.
    weights : type of the network's weights, as of the C library.

    Raises
    ------
    SettingError
        The network hears no sound, or the C library does not support a part of it; names it.
    BackendError
        There is no compiler for WebAssembly.
    """
    if trained.channels != cochlea.NUM_CHANNELS:
        raise SettingError(
            f"this network hears {trained.channels} channels, and sound has {cochlea.NUM_CHANNELS}; a page is for "
            "networks trained on sound, as those of the preset spoken_digits are."
        )
    network, ear = compile_network_module(trained, weights), compile_ear()
    settings = describe_settings(trained)
    environment = load_templates("genn_shd.exporters.web")
    text = environment.get_template("page.html.j2").render(
        title=_escape(title),
        origin=_escape(trained.origin),
        mark=mark,
        version=__version__,
        parts={name: read_part(name) for name in PARTS},
        settings={**settings, "classes": [_escape(name) for name in settings["classes"]]},
        settings_json=json.dumps(settings).replace("<", "\\u003c"),
        hidden=f"Hidden neurons: {' and '.join(str(p['size']) for p in settings['populations'])}",
        ear=base64.b64encode(ear).decode(),
        network=base64.b64encode(network).decode(),
        seeds=base64.b64encode(draw_seeds(0).tobytes()).decode(),
    )
    return WebPage(text, len(ear), len(network))


def describe_settings(trained: TrainedNetwork) -> dict[str, Any]:
    """Describe what the page's scripts need to know."""
    program = trained.build_program()
    return {
        "classes": list(trained.class_names),
        "populations": [{"name": p.name, "size": p.size} for p in program.populations if p is not program.output],
        "loss_scale": trained.loss_values["loss_scale"],
        "duration": trained.duration / trained.rescale.time,
        **_TIMES,
        "ear": describe_ear(),
    }


def compile_network_module(trained: TrainedNetwork, weights: str) -> bytes:
    """Compile the C library of a network with what the page calls; see the template `network.c.j2`."""
    library = c.generate(trained, "net", weights)
    program = trained.build_program()
    driver = load_templates("genn_shd.exporters.web").get_template("network.c.j2")
    text = driver.render(
        spiking=[library.names[p.name] for p in program.populations if p.spike and p is not program.output],
        exact=program.scheme == "exact",
        dt=repr(trained.dt),
        rescale_time=repr(float(trained.rescale.time)),
        thinning=trained.thinning is not None,
    )
    return compile_webassembly({"page.c": text, "net.h": library.header, "net.source": library.source})


def read_part(name: str) -> str:
    """Read one of `PARTS`."""
    environment = load_templates("genn_shd.exporters.web")
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
