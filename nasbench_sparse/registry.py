"""Registry: finds optimizers, tasks, suites, designs and chains by name, third parties' like the built-in ones.

Names come from entry points (groups `nasbench_sparse.optimizers`, `.tasks`, `.suites`, `.designs`, `.chains`), from
`module:Name`, or from `path/to/file.py:Name`. An optimizer's entry point names its class. An entry point of the
others names a function that returns the declared objects, so that one entry point may add many.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from nasbench_sparse.errors import NbsError, UnknownName, unknown

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


@cache
def _points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"{GROUP}.{group}")}


def optimizer_names() -> list[str]:
    """Return the registered optimizers' names, without importing them."""
    return sorted(_points("optimizers"))


@cache
def load_optimizer(name: str) -> OptimizerEntry:
    """Find an optimizer by registered name, `module:Class` or `file.py:Class`.

    Raises:
        UnknownName: no such name, file, module or class; the nearest valid names are given.
        NbsError: what was found is not an Optimizer.
    """
    if ":" in name:
        if (owner := name.partition(":")[0]) in _points("optimizers"):
            option = name.partition(":")[2]
            raise UnknownName(
                f"no optimizer {name!r}; the options of {owner!r} are given by --option, such as --option {option}"
            )
        module, source = _load_module(name.rpartition(":")[0])
        return OptimizerEntry(name.rpartition(":")[2], source, _optimizer_class(module, name.rpartition(":")[2]))
    point = _points("optimizers").get(name)
    if point is None:
        raise unknown("optimizer", name, optimizer_names())
    version = point.dist.version if point.dist is not None else "0"
    return OptimizerEntry(name, version, _check_optimizer(point.load(), name))


def wrap_optimizer(cls: type[Optimizer]) -> OptimizerEntry:
    """Register a class handed over in Python.

    Its version is the hash of the file that defines it, as when it is named on the command line; of its source
    text where it stands in a notebook cell; of its byte code where there is no source.
    """
    _check_optimizer(cls, cls.__name__)
    for point in _points("optimizers").values():
        if point.value == f"{cls.__module__}:{cls.__qualname__}":
            return load_optimizer(point.name)
    return OptimizerEntry(cls.__name__, _source_of(cls), cls)


def _source_of(cls: type) -> str:
    import inspect

    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file is not None and Path(file).is_file():
        return _hash(Path(file).read_bytes())
    try:
        return _hash(inspect.getsource(cls).encode())
    except (OSError, TypeError):
        codes = [value.__code__ for _, value in sorted(vars(cls).items()) if inspect.isfunction(value)]
        return _hash(repr([(c.co_name, c.co_code, c.co_names, _plain_constants(c)) for c in codes]).encode())


def _plain_constants(code: CodeType) -> list[object]:
    """Return a function's constants, nested code by its bytes, since its repr holds an address."""
    return [c.co_code if isinstance(c, CodeType) else c for c in code.co_consts]


@cache
def all_tasks() -> dict[str, Task]:
    """Return every registered task by name, without importing torch."""
    return _collect("tasks")


@cache
def all_suites() -> dict[str, Any]:
    """Return every registered suite by name."""
    return _collect("suites")


@cache
def all_designs() -> dict[str, Design]:
    """Return every registered design by name, without importing torch."""
    return _collect("designs")


@cache
def all_chains() -> dict[str, Chain]:
    """Return every registered chain by name, without importing torch."""
    return _collect("chains")


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
        return _attribute(_load_module(place)[0], attribute, (type_,))
    known = registered()
    if name not in known:
        raise unknown(kind, name, known)
    return known[name]


def _collect(group: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for point in _points(group).values():
        objects: Iterable[Any] = point.load()()
        for item in objects:
            if item.name in found:
                raise NbsError(f"{group[:-1]} {item.name!r} is registered twice, the second time by {point.value}")
            found[item.name] = item
    return dict(sorted(found.items()))


def _load_module(place: str) -> tuple[ModuleType, str]:
    if not place.endswith(".py"):
        try:
            module = importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise UnknownName(f"no module named {error.name!r}, asked for as {place!r}") from error
        file = getattr(module, "__file__", None)
        return module, _hash(Path(file).read_bytes()) if file else "0"
    path = Path(place).expanduser().resolve()
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*.py"))[:5] if path.parent.is_dir() else []
        raise UnknownName(f"no file {place!r}" + (f"; beside it are {', '.join(near)}" if near else ""))
    content = path.read_bytes()
    source = _hash(content)
    name = f"nasbench_sparse_user_{path.stem}_{source}"
    if name in sys.modules:
        return sys.modules[name], source
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))  # its neighbours, as if the file were run
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise NbsError(f"{place} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module, source


def _attribute(module: ModuleType, name: str, kinds: tuple[type, ...]) -> Any:
    found = {key: value for key, value in vars(module).items() if isinstance(value, kinds)}
    if name not in found:
        raise unknown(f"name in {module.__file__}", name, (key for key in found if not key.startswith("_")))
    return found[name]


def _optimizer_class(module: ModuleType, name: str) -> type[Optimizer]:
    from nasbench_sparse.core.optimizer import Optimizer

    classes = {k for k, v in vars(module).items() if isinstance(v, type) and issubclass(v, Optimizer)}
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


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
