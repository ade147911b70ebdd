"""Standard output without what native libraries print on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def reserved() -> Iterator[TextIO]:
    """Standard output, for the caller alone; whatever else the process prints goes to standard error.

    That stays so until the process ends, since what libraries print may wait in buffers until then.
    """
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding) as output:
        os.dup2(2, 1)
        yield output
