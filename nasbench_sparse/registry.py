"""Registry: finds optimizers, tasks, suites, designs and chains by name, third parties' like the built-in ones.

Names come from entry points (groups `nasbench_sparse.optimizers`, `.tasks`, `.suites`, `.designs`, `.chains`), from
`module:Name`, or from `path/to/file.py:Name`. An optimizer's entry point names its class. An entry point of the
others names a function that returns the declared objects, so that one entry point may add many.

A broken package costs its own names only, and a name that two packages claim is refused; `troubles` names both.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nasbench_sparse.errors import NbsError, UnknownName, unknown
from nasbench_sparse.sources import content_hash, source_of

if TYPE_CHECKING:
    from nasbench_sparse.core.optimizer import Optimizer
    from nasbench_sparse.core.task import Task
    from nasbench_sparse.runner.chain import Chain
    from nasbench_sparse.runner.design import Design

GROUP = "nasbench_sparse"


@dataclass(frozen=True, slots=True)
class OptimizerEntry:
    """An optimizer class with the name and the source version that go into a run's identity."""

    name: str
    source: str
    cls: type[Optimizer]


@dataclass(frozen=True, slots=True)
class _Collected:
    """What the entry points of a group declare, and what is wrong with some of them.

    Args:
        claimed: names that were declared more than once, each with the sentence that refuses it.
        broken: a sentence for each entry point that could not be read.
    """

    found: Mapping[str, Any]
    claimed: Mapping[str, str]
    broken: tuple[str, ...]


@cache
def _points(group: str) -> dict[str, list[EntryPoint]]:
    """Return a group's entry points by name, several where packages claim the same one."""
    found: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for point in entry_points(group=f"{GROUP}.{group}"):
        found[point.name].append(point)
    return dict(found)


def troubles(group: str) -> list[str]:
    """Return a sentence for each registration of "optimizers", "tasks", ... that cannot be used, and why."""
    if group != "optimizers":
        collected = _collect(group)
        return [*collected.claimed.values(), *collected.broken]
    said = []
    for name in optimizer_names():
        try:
            load_optimizer(name)
        except NbsError as error:
            said.append(str(error))
    return said


def optimizer_names() -> list[str]:
    """Return the registered optimizers' names, without importing them."""
    return sorted(_points("optimizers"))


def load_optimizer(name: str) -> OptimizerEntry:
    """Find an optimizer by registered name, `module:Class` or `file.py:Class`.

    Raises:
        UnknownName: no such name, file, module or class; the nearest valid names are given.
        NbsError: what was found is not an Optimizer, cannot be imported, or has a name that two packages claim.
    """
    if ":" in name:
        if (owner := name.partition(":")[0]) in _points("optimizers"):
            option = name.partition(":")[2]
            raise UnknownName(
                f"no optimizer {name!r}; the options of {owner!r} are given by --option, such as --option {option}"
            )
        place, _, own = name.rpartition(":")
        cls = _optimizer_class(_load_module(place), own)
        return OptimizerEntry(own, source_of(cls), cls)
    return _registered_optimizer(name)


@cache
def _registered_optimizer(name: str) -> OptimizerEntry:
    points = _points("optimizers").get(name)
    if points is None:
        raise _unnamed(name, "Class") or unknown("optimizer", name, optimizer_names())
    if len(points) > 1:
        raise NbsError(_claimed("optimizer", name, points))
    (point,) = points
    version = point.dist.version if point.dist is not None else "0"
    try:
        return OptimizerEntry(name, version, _check_optimizer(point.load(), name))
    except (Exception, SystemExit) as error:
        raise NbsError(_broken("optimizer", point, error)) from error


def wrap_optimizer(cls: type[Optimizer]) -> OptimizerEntry:
    """Register a class handed over in Python.

    Its version is the hash of the file that defines it, as when it is named on the command line; of its source
    text where it stands in a notebook cell; of its byte code where there is no source.
    """
    _check_optimizer(cls, cls.__name__)
    for point in (point for points in _points("optimizers").values() for point in points):
        if point.value == f"{cls.__module__}:{cls.__qualname__}":
            return load_optimizer(point.name)
    return OptimizerEntry(cls.__name__, source_of(cls), cls)


@cache
def all_tasks() -> dict[str, Task]:
    """Return every registered task by name, without importing torch."""
    return dict(_collect("tasks").found)


@cache
def all_suites() -> dict[str, Any]:
    """Return every registered suite by name."""
    return dict(_collect("suites").found)


@cache
def all_designs() -> dict[str, Design]:
    """Return every registered design by name, without importing torch."""
    return dict(_collect("designs").found)


@cache
def all_chains() -> dict[str, Chain]:
    """Return every registered chain by name, without importing torch."""
    return dict(_collect("chains").found)


@cache
def _chain_tasks() -> dict[str, Task]:
    """Return the tasks that registered chains declare, which are not listed among all tasks."""
    return {task.name: task for chain in all_chains().values() for task in chain.tasks}


def load_task(name: str) -> Task:
    """Find a task by registered name, `module:object` or `file.py:object`.

    Names of tasks that registered chains declare are found too.

    Raises:
        UnknownName: no such name; the nearest valid ones are given.
    """
    from nasbench_sparse.core.task import Task

    def registered() -> Mapping[str, Task]:
        return all_tasks() if name in all_tasks() else {**all_tasks(), **_chain_tasks()}

    task: Task = _load("task", name, registered, Task)
    return task


def load_suite(name: str) -> Any:
    """Find a suite by registered name, `module:object` or `file.py:object`.

    Raises:
        UnknownName: no such name; the nearest valid ones are given.
    """
    return _load("suite", name, all_suites, object)


def load_design(name: str) -> Design:
    """Find a design by registered name, `module:object` or `file.py:object`.

    Raises:
        UnknownName: no such name; the nearest valid ones are given.
    """
    from nasbench_sparse.runner.design import Design

    design: Design = _load("design", name, all_designs, Design)
    return design


def load_chain(name: str) -> Chain:
    """Find a chain by registered name, `module:object` or `file.py:object`.

    Raises:
        UnknownName: no such name; the nearest valid ones are given.
    """
    from nasbench_sparse.runner.chain import Chain

    chain: Chain = _load("chain", name, all_chains, Chain)
    return chain


def _load(kind: str, name: str, registered: Callable[[], Mapping[str, Any]], type_: type[Any]) -> Any:
    """Find what `module:object` or `file.py:object` names, or what is registered under a name.

    Raises:
        UnknownName: no such name; the nearest valid ones are given.
    """
    if ":" in name:
        place, _, attribute = name.rpartition(":")
        return _attribute(_load_module(place), attribute, (type_,))
    known = registered()
    if name in known:
        return known[name]
    collected = _collect(f"{kind}s")
    if name in collected.claimed:
        raise NbsError(collected.claimed[name])
    error = _unnamed(name, "name") or unknown(kind, name, known)
    raise UnknownName("; ".join((str(error), *collected.broken)))


@cache
def _collect(group: str) -> _Collected:
    kind = group[:-1]
    found: defaultdict[str, list[tuple[EntryPoint, Any]]] = defaultdict(list)
    broken = []
    for point in (point for points in _points(group).values() for point in points):
        try:
            for item in list(point.load()()):
                found[item.name].append((point, item))
        except (Exception, SystemExit) as error:
            broken.append(_broken(kind, point, error))
    return _Collected(
        {name: declared[0][1] for name, declared in sorted(found.items()) if len(declared) == 1},
        {
            name: _claimed(kind, name, [point for point, _ in declared])
            for name, declared in sorted(found.items())
            if len(declared) > 1
        },
        tuple(broken),
    )


def _claimed(kind: str, name: str, points: Iterable[EntryPoint]) -> str:
    claims = " and ".join(f"package {_package(point)} ({point.value})" for point in points)
    return f"{kind} {name!r} is registered by {claims}; uninstall one of them, or rename it there"


def _broken(kind: str, point: EntryPoint, error: BaseException) -> str:
    place = f"{kind} entry point {point.name!r} of package {_package(point)} ({point.value})"
    return f"{place} is broken: {_one_line(error)}"


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "without a name"


def _one_line(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    if isinstance(error, NbsError):
        return said[0]
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__


def _unnamed(place: str, what: str) -> UnknownName | None:
    """Return what to say of a file of which nothing is named."""
    if place.endswith(".py"):
        return UnknownName(f"{place!r} names a file; write {place}:{what} for what is meant in it")
    return None


def _load_module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise UnknownName(f"no module named {error.name!r}, asked for as {place!r}") from error
        except (Exception, SystemExit) as error:
            raise NbsError(f"module {place} cannot be imported: {_one_line(error)}") from error
    path = Path(place).expanduser().resolve()
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*.py"))[:5] if path.parent.is_dir() else []
        raise UnknownName(f"no file {place!r}" + (f"; beside it are {', '.join(near)}" if near else ""))
    content = path.read_bytes()
    name = f"nasbench_sparse_user_{path.stem}_{content_hash(content)}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))  # its neighbours, as if the file were run
    try:
        code = compile(content, path, "exec", dont_inherit=True)  # cached byte code may be of another text
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise NbsError(f"{place}{_line_in(path, error)} cannot be imported: {_one_line(error)}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _line_in(path: Path, error: BaseException) -> str:
    """Say which line of a file an error comes from; nothing where Python itself says it, or cannot."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f", line {lines[-1]}," if lines else ""


def _attribute(module: ModuleType, name: str, kinds: tuple[type, ...]) -> Any:
    found = {key: value for key, value in vars(module).items() if isinstance(value, kinds)}
    if name not in found:
        public = [key for key in found if not key.startswith("_")]
        if not public:
            raise UnknownName(f"{module.__file__} defines no {' or '.join(kind.__name__ for kind in kinds)}")
        raise unknown(f"name in {module.__file__}", name, public)
    return found[name]


def _optimizer_class(module: ModuleType, name: str) -> type[Optimizer]:
    from nasbench_sparse.core.optimizer import Optimizer

    classes = {k for k, v in vars(module).items() if isinstance(v, type) and issubclass(v, Optimizer)}
    if not hasattr(module, name) and classes <= {"Optimizer"}:
        raise UnknownName(
            f"{module.__file__} defines no optimizer: a subclass of nasbench_sparse.Optimizer is needed"
        )
    if not hasattr(module, name):
        raise unknown(f"optimizer in {module.__file__}", name, classes - {"Optimizer"})
    return _check_optimizer(getattr(module, name), name)


def _check_optimizer(cls: Any, name: str) -> type[Optimizer]:
    from nasbench_sparse.core.optimizer import Optimizer

    if not (isinstance(cls, type) and issubclass(cls, Optimizer)):
        raise NbsError(f"{name!r} is not an optimizer: a subclass of nasbench_sparse.Optimizer is needed")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        raise NbsError(f"optimizer {name!r} lacks {' and '.join(missing)}")
    return cls
