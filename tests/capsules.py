"""DLPack capsules made and taken apart by hand, as other libraries do it in C."""

from __future__ import annotations

import ctypes
import threading
from typing import Any, ClassVar

UNVERSIONED, VERSIONED = b"dltensor", b"dltensor_versioned"
READ_ONLY = 1
CPU, CUDA, OPENCL = 1, 2, 4


class Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Unversioned(ctypes.Structure):
    _fields_ = (("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", DELETER))


class Versioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    )


STRUCTS: dict[bytes, type[Unversioned | Versioned]] = {UNVERSIONED: Unversioned, VERSIONED: Versioned}

# A capsule keeps no copy of its name.
_NAMES = {name: ctypes.c_char_p(name) for struct in STRUCTS for name in (struct, b"used_" + struct)}

_python = ctypes.pythonapi
_python.PyCapsule_New.restype = ctypes.py_object
_python.PyCapsule_New.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_python.PyCapsule_IsValid.argtypes = (ctypes.py_object, ctypes.c_char_p)
_python.PyCapsule_GetPointer.restype = ctypes.c_void_p
_python.PyCapsule_GetPointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
_python.PyCapsule_SetName.argtypes = (ctypes.py_object, ctypes.c_char_p)


def _numbers(values: Any) -> Any:
    return None if values is None else (ctypes.c_int64 * len(values))(*values)


class Exported:
    """A capsule of bytes in memory of the CPU, unless told otherwise, and what becomes of it.

    Unlike a library's, the capsule has no destructor: who does not consume it leaves it as it is. The
    struct stays for good, so that a deleter that is called too often is counted instead of a crash.
    """

    _all: ClassVar[list[Exported]] = []

    def __init__(
        self,
        data: int,
        shape: Any,
        strides: Any = None,
        *,
        name: bytes = VERSIONED,
        device: tuple[int, int] = (CPU, 0),
        dtype: tuple[int, int, int] = (1, 8, 1),
        byte_offset: int = 0,
        flags: int = 0,
        major: int = 1,
        deleter: bool = True,
    ) -> None:
        self.deletions: list[int] = []
        """The thread of each call of the deleter."""
        self.name = name
        self._all.append(self)
        # ctypes does not keep what a field of a structure in a structure points to.
        self._numbers = shape, strides = _numbers(shape), _numbers(strides)
        self._managed = STRUCTS[name]()
        self._managed.tensor = Tensor(data, *device, len(shape or ()), *dtype, shape, strides, byte_offset)
        if deleter:
            self._managed.deleter = DELETER(lambda _: self.deletions.append(threading.get_ident()))
        if name == VERSIONED:
            self._managed.major, self._managed.flags = major, flags
        self.capsule = _python.PyCapsule_New(ctypes.addressof(self._managed), _NAMES[name], None)

    @property
    def consumed(self) -> bool:
        """Whether a consumer renamed the capsule."""
        valid = [bool(_python.PyCapsule_IsValid(self.capsule, prefix + self.name)) for prefix in (b"", b"used_")]
        assert valid.count(True) == 1
        return valid[1]


def consume(capsule: Any) -> Unversioned | Versioned:
    """Take a capsule over. The struct's deleter is the caller's to call; it releases the GIL meanwhile."""
    (name,) = (name for name in STRUCTS if _python.PyCapsule_IsValid(capsule, name))
    address = _python.PyCapsule_GetPointer(capsule, name)
    _python.PyCapsule_SetName(capsule, _NAMES[b"used_" + name])
    return STRUCTS[name].from_address(address)


def delete(managed: Unversioned | Versioned) -> None:
    """Call the deleter."""
    managed.deleter(ctypes.addressof(managed))
