"""An exported C library, compiled as a device's would be and called from here."""

from __future__ import annotations

import ctypes
from pathlib import Path
from subprocess import run

import numpy as np

from genn_shd import Network, SpikeTrains
from genn_shd.backends.run_values import draw_start
from genn_shd.eventprop.schemes import Integration
from genn_shd.exporters.c import CLibrary
from genn_shd.exporters.trained_network import TrainedNetwork, without_training
from genn_shd.toolchain.compiler import find_compiler

SEED = 3
STRICT = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]


def fresh(network: Network, scheme: str, **changes) -> TrainedNetwork:
    """A network with the numbers that `compile_network` draws for SEED."""
    weights, delays, values = draw_start(network, SEED, 1.0)
    settings = {
        "network": without_training(network),
        "weights": weights,
        "neuron_values": {p.name: values.get_neuron_values(p.name) for p in network.populations[1:]},
        "delays": delays,
        "loss_values": values.get_loss_values(),
        "scheme": scheme,
        "integration": Integration(),
        "dt": 1.0,
        "num_steps": 60,
        "precision": "float64",
        "class_names": tuple(f"class {k}" for k in range(network.output.size)),
        "origin": "a test",
    }
    return TrainedNetwork(**{**settings, **changes})


class CProgram:
    """A library called `net`, compiled without a warning.

    Parameters
    ----------
    library : its text.
    folder : where to compile it.
    defines : macros.
    """

    def __init__(self, library: CLibrary, folder: Path, defines: dict[str, int] | None = None) -> None:
        source, shared = folder / "net.c", folder / "net.so"
        source.write_text(library.source, encoding="utf-8")
        (folder / "net.h").write_text(library.header, encoding="utf-8")
        size = "unsigned long net_size(void) { return sizeof(net_network); }"
        size = f'#include "net.h"\nunsigned long net_size(void);\n{size}\n'
        (folder / "size.c").write_text(size, encoding="utf-8")
        macros = [f"-D{name}={value}" for name, value in (defines or {}).items()]
        command = [*find_compiler().command, *STRICT, *macros, "-shared", "-fPIC", "-o", str(shared)]
        said = run([*command, str(source), str(folder / "size.c"), "-lm"], capture_output=True, text=True)
        assert said.returncode == 0 and not said.stderr, said.stderr[:2000]
        self._library = ctypes.CDLL(str(shared))
        self._library.net_size.restype = ctypes.c_ulong
        self.size = self._library.net_size()
        self._memory = ctypes.create_string_buffer(self.size)
        self._real = ctypes.c_double if "typedef double scalar" in library.source else ctypes.c_float

    def begin(self) -> None:
        self._library.net_init(self._memory)

    def push(self, time: float, channel: int) -> int:
        return self._library.net_push_spike(self._memory, ctypes.c_float(time), ctypes.c_int(channel))

    def keeps(self, word: int, spike: int, spikes: int) -> int:
        return self._library.net_keeps(ctypes.c_uint32(word), ctypes.c_uint32(spike), ctypes.c_uint32(spikes))

    def advance(self, time: float) -> int:
        return self._library.net_advance(self._memory, ctypes.c_float(time))

    def logits(self, classes: int) -> np.ndarray:
        result = (self._real * classes)()
        self._library.net_logits(self._memory, result)
        return np.array(result)

    def answer(self, samples: SpikeTrains, duration: float, classes: int) -> np.ndarray:
        """Logits of all samples, (B, C)."""
        rows = []
        for k in range(len(samples)):
            here = slice(*samples.offsets[k : k + 2])
            self.begin()
            for time, channel in zip(samples.times[here], samples.units[here], strict=True):
                assert self.push(time, channel) == 0
            assert self.advance(duration) == 0
            rows.append(self.logits(classes))
        return np.array(rows)
