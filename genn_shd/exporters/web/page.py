"""`--to web`: a page that recognises words, in one HTML file without external resources."""

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
"""Files that are inserted into the page unchanged."""

_TIMES = {
    "every": 50.0,
    "longest": 10_000.0,
    "longest_word": 2_000.0,
    "least_word": 60.0,
    "pause": 400.0,
    "late": 600.0,
}
"""Times in ms: between probabilities; longest sound; longest and shortest word from the microphone; pause that ends a
word; delay of the encoding from which on only final answers are shown."""


@dataclass(frozen=True)
class WebPage:
    """A page, and the sizes of its parts.

    Attributes
    ----------
    text : content of the HTML file.
    ear, network : sizes of the two WebAssembly modules, bytes.
    """

    text: str
    ear: int
    network: int


def generate(trained: TrainedNetwork, title: str, mark: str, weights: str = "float32") -> WebPage:
    """Write the page of a network that was trained on sound.

    Parameters
    ----------
    trained : the network.
    title : heading of the page.
    mark : name of the command that writes it.
    weights : type of the weights, as for the C library.

    Raises
    ------
    SettingError
        The network has not as many channels as encoded sound, or the C library does not support a part of it.
    BackendError
        No compiler for WebAssembly was found.
    """
    if trained.channels != cochlea.NUM_CHANNELS:
        raise SettingError(
            f"this network has {trained.channels} input channels, and encoded sound has {cochlea.NUM_CHANNELS}; export "
            "a network that was trained on sound, such as one of the preset spoken_digits."
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
    """Collect the settings that the scripts of the page read."""
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
    """Compile the C library of a network with the functions of the template `network.c.j2` to WebAssembly."""
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
