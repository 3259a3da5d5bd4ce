"""How the saved state holds what pickle cannot take by itself."""

from __future__ import annotations

import marshal
import sys
import threading
from collections import defaultdict
from types import CellType, FunctionType
from typing import Any

_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


def reduce_specially(obj: Any) -> Any:
    """Return how to rebuild `obj`, or NotImplemented where pickle knows."""
    if isinstance(obj, _LOCK):
        return threading.Lock, ()
    if isinstance(obj, _RLOCK):
        return threading.RLock, ()
    if isinstance(obj, threading.Event):
        return _event, (obj.is_set(),)
    if isinstance(obj, threading.Condition):
        return threading.Condition, ()
    if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
        return _default_dictionary, (type(obj), obj.default_factory), vars(obj) or None, None, iter(obj.items())
    if isinstance(obj, FunctionType) and ("<lambda>" in obj.__qualname__ or "<locals>" in obj.__qualname__):
        cells = tuple(cell.cell_contents for cell in obj.__closure__ or ())
        return _function, (obj.__module__, marshal.dumps(obj.__code__), obj.__name__, obj.__defaults__, cells)
    if hasattr(obj, "private_bytes") and type(obj).__module__.startswith("cryptography."):
        return _private_key, (_serialized(obj),)
    return NotImplemented


def _serialized(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415 - accounts with KMS keys only

    written: bytes = key.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption())
    return written


def _private_key(data: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415 - the same

    return load_der_private_key(data, None)


def _event(is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event


def _default_dictionary(kind: type[defaultdict[Any, Any]], factory: Any) -> Any:
    made = kind.__new__(kind)
    defaultdict.__init__(made, factory)
    return made


def _function(module: str, code: bytes, name: str, defaults: Any, cells: tuple[Any, ...]) -> FunctionType:
    __import__(module)
    closure = tuple(CellType(each) for each in cells)
    return FunctionType(marshal.loads(code), vars(sys.modules[module]), name, defaults, closure)  # noqa: S302 - ours
