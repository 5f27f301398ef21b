"""Speech synthesis with eSpeak NG, which is in the package `espeakng-loader`. No sound device is used.

Its voices are formant synthesis: artificial, but small and the same on every machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from dataclasses import dataclass

import numpy as np

from ..errors import BackendError, DataError, SettingError

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: samples go to a callback while the call waits
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
_UTF8 = 1
_DONT_EXIT = 0x8000
_FULL_SCALE = 32768.0
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Prosody:
    """Voice and manner of speaking a text.

    Attributes
    ----------
    voice : an eSpeak voice and, after a plus sign, a variant of it: `en-us+f3`.
    rate : words per minute, 80 to 450.
    pitch, pitch_range : 0 to 100; 50 is the default of the voice.
    tract : factor of all frequencies and of the speed, above 1 for a shorter vocal tract.
    """

    voice: str
    rate: int = 175
    pitch: int = 50
    pitch_range: int = 50
    tract: float = 1.0


class Synthesizer:
    """The eSpeak NG library. Its state is global, so there is one instance per process, from `get_synthesizer`.

    The sound of a word depends a little on what was spoken before; `render` gives the same sound for the same list.
    """

    def __init__(self) -> None:
        self._library, data = _load_library()
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
        if self.rate <= 0:
            raise BackendError(f"eSpeak NG cannot use its data in {data}; install espeakng-loader again.")
        self._samples: list[np.ndarray] = []
        self._callback = _Callback(self._receive)  # kept: the library calls it
        self._library.espeak_SetSynthCallback(self._callback)
        self._lock = threading.Lock()

    def _receive(self, samples: ctypes.Array, count: int, _: int | None) -> int:
        if samples and count > 0:
            self._samples.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, text: str, prosody: Prosody) -> tuple[np.ndarray, float]:
        """Speak a text.

        Returns
        -------
        samples : (N,) float64, full scale 1.
        rate : sampling rate, Hz, which includes the factor of the vocal tract.

        Raises
        ------
        SettingError
            There is no such voice.
        DataError
            The synthesiser returned no sound.
        """
        with self._lock:
            self._apply(prosody)
            self._samples = []
            content = text.encode() + b"\0"
            status = self._library.espeak_Synth(content, len(content), 0, 1, 0, _UTF8, None, None)
            self._library.espeak_Synchronize()
            samples = np.concatenate([np.zeros(0, np.int16), *self._samples])
        if status != 0 or not samples.any():
            raise DataError(f"eSpeak NG returned no sound for {text!r} in the voice {prosody.voice!r}.")
        return samples / _FULL_SCALE, self.rate * prosody.tract

    def _apply(self, prosody: Prosody) -> None:
        if self._library.espeak_SetVoiceByName(prosody.voice.encode()) != 0:
            raise SettingError(f"eSpeak NG has no voice {prosody.voice!r}.")
        for parameter, value in ((_RATE, prosody.rate), (_PITCH, prosody.pitch), (_RANGE, prosody.pitch_range)):
            self._library.espeak_SetParameter(parameter, int(value), 0)


@functools.cache
def get_synthesizer() -> Synthesizer:
    """Return the synthesiser of this process.

    Raises
    ------
    BackendError
        The package is missing or does not work on this machine.
    """
    return Synthesizer()


def _load_library() -> tuple[ctypes.CDLL, str]:
    """Load the shared library; return it and the folder of its data."""
    try:
        import espeakng_loader
    except ImportError:
        raise BackendError("eSpeak NG is missing; install it with: pip install espeakng-loader") from None
    try:
        library, data = ctypes.CDLL(espeakng_loader.get_library_path()), espeakng_loader.get_data_path()
    except (OSError, RuntimeError) as error:
        raise BackendError(f"eSpeak NG cannot be loaded ({error}); install espeakng-loader again.") from None
    with contextlib.suppress(AttributeError):
        library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
            *(ctypes.c_void_p, ctypes.c_void_p),
        ]
    return library, data
