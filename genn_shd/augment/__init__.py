"""Augmentation: random changes of training samples in every epoch that keep their labels.

ChannelShift              moves all channels of a sample, like a higher or lower voice
ChannelStretch            scales the distances of channels from the middle, like another shape of the vocal tract
TimeDilation              scales all times of a sample, like faster or slower speech
ChannelJitter             moves each spike to a nearby channel
Blend                     mixes new samples from several samples of one class
FrequencyMask             drops spikes with a probability that varies over channels, like another microphone
SpikeDropout              drops spikes at random
SpikeNumberNormalisation  drops spikes so that samples have about the same number
ClassBalance              chooses the same number of samples of each class
Augmentation              all of these in their order; `Augmentation.prepare_epoch` applies them

Two transformations are applied once, to all parts of a data set:

ClassSubset               keeps some classes only
Rescale                   multiplies times and channels by a factor

A step takes spike trains and random numbers for each sample (`RandomStreams`), and returns spike trains. Samples stay
sorted in time, and no step loops over samples or spikes. Apply steps to batches, as `Epoch.make_batch` does: then the
whole data set is never copied.
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
from .stretch import ChannelStretch

__all__ = [
    "BLENDING",
    "STEPS",
    "Augmentation",
    "Blend",
    "ChannelJitter",
    "ChannelShift",
    "ChannelStretch",
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
    """Return the steps that the modules of this package define, sorted by `order`."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    classes = {value for module in modules for value in vars(module).values() if inspect.isclass(value)}
    steps = [value for value in classes if issubclass(value, Step) and not inspect.isabstract(value)]
    return tuple(sorted(steps, key=lambda step: step.order))


STEPS = _find_steps()
"""All steps, in the order of application. To add one, write a module with a subclass of `Step` in this package."""


def __getattr__(name: str) -> object:
    """Serve classes under their old names."""
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"{__name__}.{name} is now {_RENAMED[name]}.", DeprecationWarning, stacklevel=2)
    return globals()[_RENAMED[name]]
