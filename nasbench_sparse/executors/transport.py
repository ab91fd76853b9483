"""Objects on their way to another process, with the source of modules that exist only in this one.

A task or a planned run is sent as an object and nothing of it is ever written to disk. Modules loaded from a user's
file (`nasbench_sparse_user_*`, see the registry) and the driver's own script travel as source text and are imported
on the other side when something first asks for them, so a worker on another machine needs no copy of the file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import CodeType, MappingProxyType, ModuleType
from typing import Any

from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import NbsError

USER_PREFIX = "nasbench_sparse_user_"
_MAIN = "__main__"


@dataclass(frozen=True, slots=True)
class Source:
    """A module's text and the file it came from (for tracebacks)."""

    file: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """An object as bytes, and the sources it may need."""

    payload: bytes
    sources: Mapping[str, Source]


def pack(task: Task) -> Parcel:
    """Prepare a task for another process.

    Raises:
        NbsError: it holds something that cannot be sent, or a user's file changed after it was loaded.
    """
    return wrap(task, f"task {task.name!r}", "a task is a frozen dataclass of plain data")


def wrap(value: object, name: str, rule: str) -> Parcel:
    """Prepare any object for another process; `name` and `rule` say in an error what it is and should be.

    Raises:
        NbsError: see `pack`.
    """
    try:
        payload = bytes(ForkingPickler.dumps(value))
    except Exception as error:
        raise NbsError(
            f"{name} cannot be sent to a worker ({error}); {rule} "
            "whose class is defined at the top level of a module, script or file"
        ) from error
    return Parcel(payload, _sources(with_script=_MAIN.encode() in payload))


def unpack(parcel: Parcel) -> Task:
    """Rebuild a task; its user modules become importable in this process."""
    task = unwrap(parcel)
    assert isinstance(task, Task)
    return task


def unwrap(parcel: Parcel) -> object:
    """Rebuild an object; its user modules become importable in this process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    finder = next(finder for finder in sys.meta_path if isinstance(finder, _Finder))
    finder.sources.update(parcel.sources)
    own = sys.modules[_MAIN]
    if _MAIN in parcel.sources and not isinstance(_loader(own), _Loader):
        del sys.modules[_MAIN]
    try:
        value: object = ForkingPickler.loads(parcel.payload)
        return value
    finally:
        sys.modules.setdefault(_MAIN, own)


def _sources(with_script: bool) -> dict[str, Source]:
    names = [name for name in sys.modules if name.startswith(USER_PREFIX)] + [_MAIN] * with_script
    found = {}
    for name in names:
        file = getattr(sys.modules[name], "__file__", None)
        if file is None or not Path(file).is_file():
            raise NbsError("a class defined interactively cannot be sent to a worker; put it into a file")
        text = Path(file).read_bytes()
        if name != _MAIN and not name.endswith(blake2b(text, digest_size=8).hexdigest()):
            raise NbsError(f"{file} changed after it was loaded, so workers would run another version; start again")
        found[name] = Source(file, text)
    return found


def _loader(module: ModuleType | None) -> object:
    return getattr(getattr(module, "__spec__", None), "loader", None)


class _Finder(MetaPathFinder):
    """Finds the modules whose sources were sent."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        source = self.sources.get(fullname)
        if source is None:
            return None
        return spec_from_loader(fullname, _Loader(source), origin=source.file)


class _Loader(InspectLoader):
    """Runs a sent source; the driver's script runs under another name, so that its guarded part does not."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get_source(self, fullname: str) -> str:
        return self._source.text.decode()

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._source.text, self._source.file)

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._source.file
        if module.__name__ == _MAIN:
            module.__name__ = f"{USER_PREFIX}main"
        super().exec_module(module)


def _frozen(mapping: dict[str, float]) -> MappingProxyType[str, float]:
    return MappingProxyType(mapping)


def _reduce_frozen(mapping: MappingProxyType[str, float]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return _frozen, (dict(mapping),)


ForkingPickler.register(MappingProxyType, _reduce_frozen)  # the empty metrics of a curve point
