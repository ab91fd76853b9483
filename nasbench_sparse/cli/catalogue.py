"""The command `list`: what is registered, as tables for people and lists of objects for programs."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.optimizer import option_defaults
from nasbench_sparse.errors import NbsError, unknown
from nasbench_sparse.leaderboard.table import HOLE, Table
from nasbench_sparse.registry import all_suites, all_tasks, load_optimizer, optimizer_names, troubles
from nasbench_sparse.tabular.places import has_table

if TYPE_CHECKING:
    from nasbench_sparse.core.space import SearchSpace
    from nasbench_sparse.core.task import Task
    from nasbench_sparse.runner.suite import Suite

Row = dict[str, Any]

KINDS = ("tasks", "spaces", "optimizers", "suites", "datasets", "networks")


def catalogue(kind: str) -> list[Row]:
    """Return what is registered of one of `KINDS`, by name.

    Raises:
        UnknownName: another kind.
    """
    listings: Mapping[str, Callable[[], list[Row]]] = {
        "tasks": _tasks,
        "spaces": _spaces,
        "optimizers": _optimizers,
        "suites": _suites,
        "datasets": _datasets,
        "networks": _networks,
    }
    if kind not in listings:
        raise unknown("listing", kind, listings)
    return listings[kind]()


def space_kind(space: SearchSpace) -> str:
    """Return a space's class name in snake case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(space).__name__).lower()


def _tasks() -> list[Row]:
    return [_task(task) for task in all_tasks().values()]


def _task(task: Task) -> Row:
    return {
        "name": task.name,
        "version": task.version,
        "family": task.family,
        "space": space_kind(task.space),
        "size": task.space.size,
        "dataset": task.dataset,
        "offline": task.offline,
        "tabular": has_table(task),
        "fidelity": {"unit": task.fidelity.unit, "min": task.fidelity.min, "max": task.fidelity.max},
        "replicates": task.replicates,
        "folds": task.folds,
        "searchable": task.searchable,
        "signal": None if task.signal is None else task.signal.tau,
        "seconds": task.seconds,
        "derived_from": task.derived_from,
        "fingerprint": task.fingerprint,
        "description": task.description,
    }


def _spaces() -> list[Row]:
    found: dict[str, Row] = {}
    for task in all_tasks().values():
        kind = space_kind(task.space)
        row = found.setdefault(
            kind, {"name": kind, "description": _first_line(type(task.space)), "tasks": [], "sizes": []}
        )
        row["tasks"].append(task.name)
        if task.space.size not in row["sizes"]:
            row["sizes"].append(task.space.size)
    return [found[kind] for kind in sorted(found)]


def _optimizers() -> list[Row]:
    rows = []
    for name in optimizer_names():
        try:
            entry = load_optimizer(name)
        except NbsError:  # `troubles` says why
            continue
        defaults = {
            key: None if value is inspect.Parameter.empty else value
            for key, value in option_defaults(entry.cls).items()
        }
        rows.append(
            {
                "name": name,
                "description": _first_line(entry.cls),
                "options": defaults,
                "version": entry.source,
                "place": f"{entry.cls.__module__}:{entry.cls.__qualname__}",
            }
        )
    return rows


def _suites() -> list[Row]:
    return [_suite(suite) for suite in all_suites().values()]


def _suite(suite: Suite) -> Row:
    return {
        "name": suite.name,
        "description": suite.description,
        "tasks": list(suite.tasks),
        "optimizers": sorted({c.optimizer for block in suite.blocks for c in block.contenders}),
        "runs": sum(1 for _ in suite.entries()),
    }


def _datasets() -> list[Row]:
    from nasbench_sparse.data.catalogue import DATASETS

    found: dict[str, Row] = {
        name: {"name": name, "offline": declared.offline, "tasks": []} for name, declared in DATASETS.items()
    }
    for task in all_tasks().values():
        row = found.setdefault(task.dataset, {"name": task.dataset, "offline": task.offline, "tasks": []})
        row["tasks"].append(task.name)
    return [found[name] for name in sorted(found)]


def _networks() -> list[Row]:
    from nasbench_sparse.nn.networks import describe_networks

    return [asdict(network) for network in describe_networks()]


def _first_line(cls: type) -> str:
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def catalogue_table(kind: str, rows: list[Row]) -> Table:
    """Return the part of a listing that people look for first."""
    columns, cells, left = _VIEWS[kind]
    return Table("", columns, tuple(tuple(cells(row)) for row in rows), frozenset(left))


def _task_cells(row: Row) -> list[str]:
    fidelity = row["fidelity"]
    lengths = f"{fidelity['max']}" if fidelity["min"] == fidelity["max"] else f"{fidelity['min']}-{fidelity['max']}"
    return [
        row["name"],
        row["space"],
        size_text(row["size"]),
        row["dataset"],
        "yes" if row["offline"] else "download",
        "yes" if row["tabular"] else HOLE,
        f"{lengths} {fidelity['unit']}",
        HOLE if row["signal"] is None else f"{row['signal']:.2f}",
    ]


def size_text(size: int | None) -> str:
    """Print a number of configs."""
    if size is None:
        return "infinite"
    return f"{size:,}" if size < 1_000_000 else f"{size:.1e}"


def _option_text(options: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in options.items())


def _network_cells(row: Row) -> list[str]:
    shape = " x ".join("any" if size is None else str(size) for size in row["input"])
    shape += " tokens" if "context" in row["options"] else ""
    counts = (row["parameters"], row["layers"], row["sites"])
    return [row["name"], shape, *(HOLE if count is None else f"{count:,}" for count in counts)]


_VIEWS: dict[str, tuple[tuple[str, ...], Callable[[Row], list[str]], tuple[str, ...]]] = {
    "tasks": (
        ("task", "space", "size", "data set", "offline", "tabular", "fidelity", "signal τ"),
        _task_cells,
        ("task", "space", "data set", "offline", "tabular"),
    ),
    "spaces": (
        ("space", "what varies", "tasks", "size"),
        lambda row: [
            row["name"],
            row["description"],
            str(len(row["tasks"])),
            ", ".join(size_text(size) for size in row["sizes"]),
        ],
        ("space", "what varies", "size"),
    ),
    "optimizers": (
        ("optimizer", "what it is", "options and defaults"),
        lambda row: [row["name"], row["description"], _option_text(row["options"])],
        ("optimizer", "what it is", "options and defaults"),
    ),
    "suites": (
        ("suite", "what it compares", "tasks", "optimizers", "runs"),
        lambda row: [
            row["name"],
            row["description"],
            str(len(row["tasks"])),
            str(len(row["optimizers"])),
            str(row["runs"]),
        ],
        ("suite", "what it compares"),
    ),
    "datasets": (
        ("data set", "offline", "tasks"),
        lambda row: [row["name"], "yes" if row["offline"] else "download", str(len(row["tasks"]))],
        ("data set", "offline"),
    ),
    "networks": (
        ("network", "input", "parameters", "layers", "activation sites"),
        _network_cells,
        ("network", "input"),
    ),
}


def print_catalogue(kind: str, *, as_json: bool) -> None:
    """Print a listing."""
    from nasbench_sparse.cli.console import console, say, show_table

    rows = catalogue(kind)
    if as_json:
        print(json.dumps(rows, indent=1))
    elif rows:
        show_table(catalogue_table(kind, rows), console())
    else:
        print(f"no {kind} are registered")
    if kind in ("tasks", "optimizers", "suites"):
        for trouble in troubles(kind):
            say(f"warning: {trouble}")
