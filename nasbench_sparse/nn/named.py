"""Activations by name: built in, published, or stored in a file by the user.

A stored name is looked up once, by `activation`, and only its content enters a blueprint: a task that uses one is
declared by what the activation computes, so that no later change of the file changes what a recorded result means.
"""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import orjson

from nasbench_sparse.core.blueprint import Activation, Cell, Operator
from nasbench_sparse.core.operations import (
    BASELINE_OPERATORS,
    BINARY,
    CELL_EDGES,
    GAMMA_OPERATIONS,
    OPERATORS,
    UNARY,
)
from nasbench_sparse.errors import NbsError, unknown
from nasbench_sparse.nn.published import BASELINES, PUBLISHED

VARIABLE = "NASBENCH_SPARSE_ACTIVATIONS"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def activation(name: str, directory: Path | None = None) -> Activation:
    """Return an activation for a blueprint.

    Published and built-in ones are operators of that name, which mean the same for ever; a stored one is its cell.

    Raises:
        UnknownName: nothing is called so; the nearest names are given.
        NbsError: the stored file is damaged.
    """
    if name in BASELINES:
        return BASELINES[name]
    if name in PUBLISHED or name in OPERATORS or name in BASELINE_OPERATORS:
        return Operator(name)
    if name in stored_names(directory):
        return read(name, directory)
    raise unknown("activation", name, all_names(directory))


def place(directory: Path | None = None) -> Path:
    """Return the given directory, or else the environment's NASBENCH_SPARSE_ACTIVATIONS, or else the user's."""
    if directory is not None:
        return directory.expanduser()
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("nasbench-sparse") / "activations"


def stored_names(directory: Path | None = None) -> list[str]:
    """Return the names of stored activations, sorted."""
    return sorted(path.stem for path in place(directory).glob("*.json"))


def store(name: str, cell: Cell, directory: Path | None = None, origin: str = "") -> Path:
    """Write a cell as `NAME.json` and return its path.

    Args:
        origin: where it was found, in words; it changes nothing.
    Raises:
        NbsError: a name that is taken or no name, or a cell that cannot be built.
    """
    if not NAME.fullmatch(name):
        raise NbsError(
            f"{name!r} is no name of an activation; allowed are up to 64 of a-z, 0-9, '.', '_' and '-', "
            "the first a letter or digit"
        )
    if name in _built_in() or name in stored_names(directory):
        raise NbsError(f"an activation called {name!r} exists already; choose another name")
    data = {**dataclasses.asdict(cell), "gammas": dict(cell.gammas), "origin": origin}
    _cell(data, name)
    path = place(directory) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def read(name: str, directory: Path | None = None) -> Cell:
    """Read a stored cell.

    Raises:
        NbsError: the file cannot be read, or describes no cell.
    """
    path = place(directory) / f"{name}.json"
    try:
        return _cell(orjson.loads(path.read_bytes()), name)
    except (OSError, orjson.JSONDecodeError) as error:
        raise NbsError(f"activation {name!r}: {path} cannot be read: {error}") from error


def all_names(directory: Path | None = None) -> list[str]:
    """Return every name that `activation` knows, each once."""
    return list(dict.fromkeys((*_built_in(), *stored_names(directory))))


def _built_in() -> list[str]:
    return [*BASELINES, *PUBLISHED, *OPERATORS, *BASELINE_OPERATORS]


def _cell(data: Any, name: str) -> Cell:
    """Turn a file's content into a cell, checking every part of it."""
    fields = {"unary", "binary", "gammas", "bounded", "origin"}
    if not isinstance(data, dict) or set(data) != fields:
        raise NbsError(f"activation {name!r}: a stored cell has the fields {', '.join(sorted(fields))}")
    unary, binary, gammas = data["unary"], data["binary"], data["gammas"]
    if len(unary) != 4 or len(binary) != 2:
        raise NbsError(
            f"activation {name!r}: a cell has the edges {', '.join(CELL_EDGES[:4])} and the vertices "
            f"{', '.join(CELL_EDGES[4:])}, not {len(unary)} edges and {len(binary)} vertices"
        )
    operations = dict(zip(CELL_EDGES, (*unary, *binary), strict=True))
    for edge, operation in operations.items():
        valid = UNARY if edge.startswith("u") else BINARY
        if operation not in valid:
            raise unknown(f"operation at {edge!r} of activation {name!r}:", str(operation), valid)
    for edge, value in gammas.items():
        if operations.get(edge) not in GAMMA_OPERATIONS or not isinstance(value, int | float):
            raise NbsError(
                f"activation {name!r}: gamma {edge!r} = {value!r} belongs to no operation with a constant"
            )
    if not isinstance(data["bounded"], bool):
        raise NbsError(f"activation {name!r}: bounded must be true or false, not {data['bounded']!r}")
    frozen = tuple((edge, float(value)) for edge, value in sorted(gammas.items()))
    return Cell(tuple(unary), tuple(binary), frozen, data["bounded"])
