"""Common parts of all commands: errors as one line, and exit codes."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable

from ..errors import GennShdError
from .display import SENTENCE, show_name

FAILED = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def parse_at_least(least: int) -> Callable[[str], int]:
    """Make the type, for argparse, of an option that is a whole number >= `least`."""

    def whole(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is not allowed; it must be a whole number >= {least}")
        return value

    return whole


def exit_code(command: Callable[[], int]) -> int:
    """Run a command and return its exit code: for a GennShdError, print the message and return 2; for Ctrl-C, 130."""
    _escape_unknown_letters()
    gc.freeze()  # modules stay, so nothing looks for cycles among their objects later
    try:
        return command()
    except GennShdError as error:
        print(f"error: {show_name(error, SENTENCE)}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader of the output, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _escape_unknown_letters() -> None:
    """Escape characters that the encoding of standard output and error lacks, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
