"""Augmentation: training samples that differ a little in every epoch, for the same label.

ChannelShift              a voice that is higher or lower
TimeDilation              a word spoken faster or slower
ChannelJitter             each spike on a channel near its own
Blend                     new samples mixed from several of the same class
ChannelMuffling           parts of the spectrum left out, as another microphone would
SpikeDropout              spikes left out at random
SpikeNumberNormalisation  about as many spikes in each sample
ClassBalance              as many samples of each class
Augmentation              all of these in their order; `Augmentation.epoch` applies them

and, once and for all parts of a data set:

ClassSubset               some classes only
Rescale                   other units of time and channel

A step takes spike trains and a source of random numbers for each sample (`Draws`), and returns spike trains; samples
stay sorted in time, and no step loops over samples or spikes. Apply steps to batches, as `Epoch.batch` does: then
nothing of the size of the data set is ever copied.
"""

from .blend import Blend
from .classes import ClassBalance, ClassSubset
from .dilate import TimeDilation
from .epoch import Augmentation, Epoch
from .frequency_mask import ChannelMuffling
from .jitter import ChannelJitter
from .random_streams import Draws
from .rescale import Rescale
from .shift import ChannelShift
from .spike_dropout import SpikeDropout, SpikeNumberNormalisation

__all__ = [
    "Augmentation",
    "Blend",
    "ChannelJitter",
    "ChannelMuffling",
    "ChannelShift",
    "ClassBalance",
    "ClassSubset",
    "Draws",
    "Epoch",
    "Rescale",
    "SpikeDropout",
    "SpikeNumberNormalisation",
    "TimeDilation",
]
