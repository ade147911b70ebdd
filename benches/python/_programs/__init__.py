"""The programs that the benchmarks run beside each other, each by ``python -m _programs.NAME``."""

import sys
from pathlib import Path

# The clips, and what reads the numbers in their pictures, belong to the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests"))
