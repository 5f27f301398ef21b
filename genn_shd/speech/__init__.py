"""From sound to spikes: reading, preparation, the cochlea, and files of spikes.

audio.py        any sound file -> mono, 48 kHz
preparation.py  loudness, flanks, silence
membrane.py     the basilar membrane: sound -> velocity in every channel
cochlea.py      membrane, hair cells, nerve fibres and bushy cells: sound -> spikes
stream.py       the same piece by piece
naming.py       labels and speakers of files
encoder.py      many files -> one HDF5 file in SHD's layout
"""

from .cochlea import NUM_CHANNELS, Cochlea
from .preparation import SAMPLE_RATE, Preparation

__all__ = ["NUM_CHANNELS", "SAMPLE_RATE", "Cochlea", "Preparation"]
