"""Encode sound as spikes: reading, preparation, the cochlea, and files of spikes.

audio.py        sound files -> mono, 48 kHz
preparation.py  loudness, flanks, silence
basilar.py      the basilar membrane's transfer function
membrane.py     sound -> the membrane's velocity in every channel
cochlea.py      membrane, hair cells, nerve fibres and bushy cells: sound -> spikes
stream.py       the same, piece by piece
naming.py       labels and speakers of files
espeak.py       words spoken by a synthesiser
render.py       lists of words, spoken in a process of their own
speakers.py     synthetic speakers, and what they say
drawn_voices.py synthetic speakers drawn from a seed
encoding.py     one recording -> spikes
live.py         sound in chunks: its beginning, its loudness, the microphone
parallel.py     work in threads
encoding_log.py spikes encoded so far, on disk
containers.py   completeness of WAV and OGG files
encoder.py      many files -> one HDF5 file in SHD's layout
"""

from .cochlea import NUM_CHANNELS, Cochlea
from .preparation import SAMPLE_RATE, Preparation

__all__ = ["NUM_CHANNELS", "SAMPLE_RATE", "Cochlea", "Preparation"]
