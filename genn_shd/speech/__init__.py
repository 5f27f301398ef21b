"""Encode sound as spikes: reading, preparation, the cochlea, and files of spikes.

audio.py        sound files -> mono, 48 kHz
preparation.py  loudness, fading, silence
basilar.py      transfer function of the basilar membrane
membrane.py     sound -> velocity of the membrane in every channel
cochlea.py      membrane, hair cells, nerve fibres and bushy cells: sound -> spikes
stream.py       the same in pieces, for live sound and long recordings
naming.py       labels and speakers of files
espeak.py       speech synthesis
render.py       synthesis of a list of texts in a separate process
speakers.py     a list of synthetic speakers, and their utterances
drawn_voices.py synthetic speakers drawn from a seed
encoding.py     one recording -> spikes
live.py         sound in chunks: onset, loudness, microphone
parallel.py     work in threads
encoding_log.py file of spikes encoded so far
containers.py   checks that WAV and OGG files are complete
encoder.py      many files -> one HDF5 file in the layout of SHD
"""

from .cochlea import NUM_CHANNELS, Cochlea
from .preparation import SAMPLE_RATE, Preparation

__all__ = ["NUM_CHANNELS", "SAMPLE_RATE", "Cochlea", "Preparation"]
