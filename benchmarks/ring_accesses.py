"""How long does memory of what is on its way take to read and to add to, if nothing else is done?

`time_accesses` runs the native back end's instructions for one pair of spike and target, in a loop over places in the
ring buffer of a block of neurons. It is the part of the cost of delays per synapse that no other arithmetic can lower.
"""

from __future__ import annotations

import ctypes
import time

import numpy as np

from genn_shd.toolchain.compiler import compile_source
from genn_shd.toolchain.loading import load
from genn_shd.toolchain.templates import load_templates

BLOCK, STEPS, SPIKES = 32, 256, 1024
_CODE = """
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef float scalar;
typedef int32_t flag;
typedef scalar numbers_2 __attribute__((vector_size(2 * sizeof(scalar)), aligned(sizeof(scalar)), may_alias));
#define LINE _Alignas(64)
#define SIMD _Pragma("omp simd")
#define INLINE static inline __attribute__((always_inline))
%(functions)s
enum { BLOCK = %(block)d, SPIKES = %(spikes)d };
#define EXPORT __attribute__((visibility("default")))
#define LOOP(name, body)                                                                          \\
    EXPORT void name(scalar *cells, const flag *place, scalar *value, const int64_t count)        \\
    {                                                                                             \\
        for (int64_t k = 0; k < count; k++) {                                                     \\
            const flag *at = place + k %% SPIKES * BLOCK;                                          \\
            body;                                                                                 \\
            __asm__ volatile("" ::: "memory");                                                    \\
        }                                                                                         \\
    }
LOOP(add, scatter_add(cells, at, value, BLOCK))
LOOP(add_pairs, scatter_add_pairs(cells, at, value, BLOCK))
LOOP(read_pairs, gather_pairs(value, cells, at, BLOCK))
"""


def time_accesses(longest: int, num_pairs: int, repeats: int) -> dict[str, float]:
    """Time loops over so many pairs of spike and target: the best of some repeats, in processor time, ms.

    Spikes are at random steps, with delays up to `longest` steps. Returns the times of `add`, one number for each pair,
    as forward on the grid; of `add_pairs`, two neighbours, as forward in the exact scheme; of `read_pairs`, backward.
    """
    rng, count = np.random.default_rng(0), num_pairs // BLOCK
    arrivals = rng.integers(0, STEPS, (SPIKES, 1)) + rng.integers(0, longest, (SPIKES, BLOCK))
    place = (arrivals % STEPS * BLOCK + np.arange(BLOCK)).astype(np.int32)
    cells, value = np.zeros(2 * STEPS * BLOCK, np.float32), np.zeros(2 * BLOCK, np.float32)
    library = load(compile_source(_write_source()))
    best = {}
    for name, width in (("add", 1), ("add_pairs", 2), ("read_pairs", 2)):
        at = np.ascontiguousarray(width * place)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (cells, at, value)]
        seconds = []
        for _ in range(repeats):
            started = time.process_time()
            getattr(library, name)(*pointers, ctypes.c_int64(count))
            seconds.append(time.process_time() - started)
        best[name] = 1e3 * min(seconds)
    return best


def _write_source() -> str:
    functions = load_templates("genn_shd.backends.native").get_template("gather.c.j2").render(scalar="float")
    return _CODE % {"functions": functions, "block": BLOCK, "spikes": SPIKES}
