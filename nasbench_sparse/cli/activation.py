"""What the sub-commands of `activation` do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench_sparse.cli.console import console, show_table
from nasbench_sparse.cli.results import open_store
from nasbench_sparse.cli.upkeep import find_run
from nasbench_sparse.core.blueprint import Cell, Operator
from nasbench_sparse.core.operations import CELL_EDGES
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.table import Table
from nasbench_sparse.nn import named
from nasbench_sparse.nn.published import BASELINES, PUBLISHED
from nasbench_sparse.search_spaces.activation_cell import cell_of
from nasbench_sparse.search_spaces.cell_formula import formula
from nasbench_sparse.store import Store

ENDINGS = (".png", ".svg", ".pdf")

INCUMBENT = """
SELECT k.name AS task, k.declaration, c.config
FROM trials AS t
JOIN runs AS r USING (run_id)
JOIN tasks AS k USING (fingerprint)
JOIN configs AS c ON c.fingerprint = r.fingerprint AND c.config_key = t.config_key
WHERE t.run_id = '{run}' AND t.kind = 'trial' AND t.status = 'OK' AND isfinite(t.loss)
  AND t.fidelity = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
ORDER BY t.loss, t.number
LIMIT 1
"""


def print_activations(*, as_json: bool) -> None:
    """Print all activations that have a formula."""
    rows = [(name, _kind(name), formula_of(name)) for name in (*PUBLISHED, *BASELINES, *named.stored_names())]
    if as_json:
        print(json.dumps([dict(zip(("name", "kind", "formula"), row, strict=True)) for row in rows]))
        return
    columns = ("name", "kind", "formula")
    show_table(Table("Activations", columns, tuple(rows), frozenset(columns)), console())


def show_activation(name: str) -> None:
    """Print formula, kind and, of a saved one, its origin.

    Raises:
        UnknownName: nothing is called so.
    """
    print(f"{name}: {formula_of(name)}")
    print(_kind(name))
    activation = named.activation(name)
    if isinstance(activation, Cell):
        origin = json.loads((named.place() / f"{name}.json").read_text())["origin"]
        print(f"{'bounded to magnitude 10' if activation.bounded else 'unbounded'}; {origin or 'origin not told'}")


def save_activation(name: str, path: Path, run: str) -> None:
    """Save the cell of a run's incumbent at full fidelity and print where.

    Raises:
        NbsError: the run has none, or did not search for a cell; or the name is taken.
    """
    store = open_store(path)
    run_id = find_run(store, run)
    cell, task = incumbent_cell(store, run_id)
    file = named.store(name, cell, origin=f"run {run_id} on {task}")
    print(f"{name}: {formula(cell)}\nsaved as {file}")


def incumbent_cell(store: Store, run_id: str) -> tuple[Cell, str]:
    """Return the cell of a run's incumbent and the name of its task.

    Raises:
        NbsError: no trial at full fidelity succeeded, or its config is no cell.
    """
    rows = store.sql(INCUMBENT.format(run=run_id)).to_dicts()
    if not rows:
        raise NbsError(f"run {run_id} has no finished trial at full fidelity, so there is no cell to save")
    config, declaration = (_loaded(rows[0][key]) for key in ("config", "declaration"))
    spaces = list(_cells(declaration["space"]))
    if not spaces or any(edge not in config for edge in CELL_EDGES):
        raise NbsError(f"run {run_id} searched task {rows[0]['task']!r}, whose configs are no activation cells")
    return cell_of(config, bool(spaces[0]["bounded"])), str(rows[0]["task"])


def plot_activations(names: Sequence[str], path: Path) -> None:
    """Draw activations into a file.

    Raises:
        UnknownName: nothing is called so.
        NbsError: a file of another kind, or one that cannot be written.
    """
    from nasbench_sparse.leaderboard.figures.activations import Shape, activations_figure
    from nasbench_sparse.leaderboard.figures.drawing import save
    from nasbench_sparse.nn.curves import curve

    if path.suffix not in ENDINGS:
        raise NbsError(f"{path} is no picture; allowed endings are {', '.join(ENDINGS)}")
    shapes = [Shape(name, *curve(named.activation(name))) for name in names]
    try:
        save(lambda: activations_figure(shapes), path)
    except OSError as error:
        raise NbsError(f"{path} cannot be written: {error.strerror or error}") from error
    print(path)


def formula_of(name: str) -> str:
    """Return the formula of a cell; of another operator its name."""
    if name in PUBLISHED:
        return formula(PUBLISHED[name])
    activation = named.activation(name)
    return f"{activation.name}(x)" if isinstance(activation, Operator) else formula(activation)


def _kind(name: str) -> str:
    if name in PUBLISHED:
        return "published (GRAFS)"
    if name in BASELINES:
        return "baseline"
    return "saved" if name in named.stored_names() else "built in"


def _loaded(value: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return data


def _cells(declared: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the declarations of activation cells within that of a space."""
    if isinstance(declared, dict):
        if declared.get("type") == "ActivationCell":
            yield declared
        for part in declared.values():
            yield from _cells(part)
    elif isinstance(declared, list):
        for part in declared:
            yield from _cells(part)
