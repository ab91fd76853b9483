"""Sources: which version of its code a class is, as a hash that goes into a run's identity."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from hashlib import blake2b
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

from nasbench_sparse.errors import NbsError


def content_hash(content: bytes) -> str:
    """Return 16 hexadecimal digits."""
    return blake2b(content, digest_size=8).hexdigest()


def source_of(cls: type) -> str:
    """Hash the file that defines a class; its source text where it stands in a notebook cell; else its byte code.

    Raises:
        NbsError: the file changed after it was imported, so another version than the one at work would be recorded.
    """
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file is not None and Path(file).is_file():
        content = Path(file).read_bytes()
        # others than the plain loader, as of tests, may compile a file to other code
        if type(getattr(module, "__loader__", None)) is SourceFileLoader and _is_stale(cls, file, content):
            raise NbsError(
                f"{file} changed after {cls.__name__} was imported from it; import it again, or start anew"
            )
        return content_hash(content)
    try:
        return content_hash(inspect.getsource(cls).encode())
    except (OSError, TypeError):
        codes = [value.__code__ for _, value in sorted(vars(cls).items()) if inspect.isfunction(value)]
        return content_hash(repr([(c.co_name, c.co_code, c.co_names, _plain_constants(c)) for c in codes]).encode())


def _is_stale(cls: type, file: str, content: bytes) -> bool:
    """Tell whether a method of a class is not what its file compiles to."""
    own = [f.__code__ for f in vars(cls).values() if inspect.isfunction(f) and f.__code__.co_filename == file]
    try:
        held = set(_codes(compile(content, file, "exec", dont_inherit=True)))
    except (SyntaxError, ValueError):
        return True
    return any(code not in held for code in own)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _plain_constants(code: CodeType) -> list[object]:
    """Return a function's constants, nested code by its bytes, since its repr holds an address."""
    return [c.co_code if isinstance(c, CodeType) else c for c in code.co_consts]
