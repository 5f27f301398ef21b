"""Augmentation: training samples that differ a little in every epoch, for the same label.

ChannelShift              a voice that is higher or lower
TimeDilation              a word spoken faster or slower
ChannelJitter             each spike on a channel near its own
Blend                     new samples mixed from several of the same class
FrequencyMask             parts of the spectrum left out, as another microphone would
SpikeDropout              spikes left out at random
SpikeNumberNormalisation  about as many spikes in each sample
ClassBalance              as many samples of each class
Augmentation              all of these in their order; `Augmentation.prepare_epoch` applies them

and, once and for all parts of a data set:

ClassSubset               some classes only
Rescale                   other units of time and channel

A step takes spike trains and a source of random numbers for each sample (`RandomStreams`), and returns spike trains;
samples stay sorted in time, and no step loops over samples or spikes. Apply steps to batches, as
`Epoch.make_batch` does: then nothing of the size of the data set is ever copied.
"""

import importlib
import inspect
import pkgutil
import warnings

from .blend import Blend
from .classes import ClassBalance, ClassSubset
from .dilate import TimeDilation
from .epoch import Augmentation, Epoch
from .frequency_mask import FrequencyMask
from .jitter import ChannelJitter
from .random_streams import RandomStreams
from .rescale import Rescale
from .shift import ChannelShift
from .spike_dropout import SpikeDropout, SpikeNumberNormalisation
from .step import BLENDING, Step

__all__ = [
    "BLENDING",
    "STEPS",
    "Augmentation",
    "Blend",
    "ChannelJitter",
    "ChannelShift",
    "ClassBalance",
    "ClassSubset",
    "Epoch",
    "FrequencyMask",
    "RandomStreams",
    "Rescale",
    "SpikeDropout",
    "SpikeNumberNormalisation",
    "Step",
    "TimeDilation",
]

_RENAMED = {"ChannelMuffling": "FrequencyMask", "Draws": "RandomStreams"}


def _find_steps() -> tuple[type[Step], ...]:
    """Return the steps that the modules beside this one define, in their order."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    classes = {value for module in modules for value in vars(module).values() if inspect.isclass(value)}
    steps = [value for value in classes if issubclass(value, Step) and not inspect.isabstract(value)]
    return tuple(sorted(steps, key=lambda step: step.order))


STEPS = _find_steps()
"""Every step there is, in the order of application. To add one, write a file with a subclass of `Step` beside them."""


def __getattr__(name: str) -> object:
    """Serve classes under their former names."""
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"{__name__}.{name} is now {_RENAMED[name]}.", DeprecationWarning, stacklevel=2)
    return globals()[_RENAMED[name]]
