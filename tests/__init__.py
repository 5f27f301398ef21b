"""Tests of everything, each folder for one of the package.

Linear algebra has one thread: matrices are small here, and beside other tests, threads that wait for each other take
several times the time of one alone. NumPy looks at this when it is imported first, which is after this file.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
