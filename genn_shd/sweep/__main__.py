"""`python -m genn_shd.sweep`."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
