"""What every command does alike: errors as one line, and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable

from .errors import GennShdError

FAILED = 2
INTERRUPTED = 130


def exit_code(command: Callable[[], int]) -> int:
    """Run a command; a user's mistake becomes one line and 2, Ctrl-C becomes 130. A traceback is a bug."""
    try:
        return command()
    except GennShdError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
