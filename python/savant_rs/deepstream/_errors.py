"""Exceptions that keep two kinds of ``except`` clauses working."""


class SlotIndexError(ValueError, RuntimeError):
    """A slot beyond the filled slots of a surface."""


class UploadShapeError(ValueError, RuntimeError):
    """An array whose size or channels do not fit the surface."""


class UploadTypeError(ValueError, TypeError):
    """An array of a wrong dtype or number of dimensions."""
