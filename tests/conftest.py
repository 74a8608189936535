"""What holds for all tests."""

from __future__ import annotations

import os

# As in the engine, and before NumPy is loaded: sums of several threads end in other bits, and
# processes that share the cores would wait for each other's threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
