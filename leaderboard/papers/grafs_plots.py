"""GRAFS: when a search drops operations (figure 2), and the functions it finds (figures 3 to 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.blueprint import Cell
from nasbench_sparse.core.operations import CELL_EDGES
from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.beside import Measured, Place
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.nn.published import PUBLISHED
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.runner.chain_walk import Path
from nasbench_sparse.search_spaces.activation_cell import ActivationCell, cell_of
from nasbench_sparse.search_spaces.cell_formula import formula
from nasbench_sparse.search_spaces.cell_values import INPUTS, cell_values
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

WHOLE = 110
"""Operations of a full cell: 23 on each of four edges, 9 at each of two vertices."""


def drops(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 2: operations that are dropped at the beginning of each epoch, and how many are left after it."""
    cells: dict[Place, Measured] = {}
    lines = []
    for label, plan, paths in _searches(artefact, scale, store):
        left = [row for path in paths if (row := _operations(path, store))]
        if not left:
            continue
        assert all(row == left[0] for row in left), f"searches of {plan.name!r} shrink by one schedule"
        before = [WHOLE, *left[0][:-1]]
        for epoch, (was, now) in enumerate(zip(before, left[0], strict=True)):
            cells[f"epoch {epoch}", "dropped"] = Measured(float(was - now), n=len(left), text=str(was - now))
            cells[f"epoch {epoch}", "left"] = Measured(float(now), n=len(left), text=str(now))
        lines.append(
            Line(label, np.arange(len(left[0]), dtype=float), np.array(left[0], dtype=float), stepped=True)
        )

    def make() -> Figure:
        return line_panels(
            [Panel("", tuple(lines))], looks([line.name for line in lines]), "epoch", "operations left"
        )

    charts = (Chart("", "Operations left in the cell by epoch of the search.", make),) if lines else ()
    return table_of(artefact, scale, "epoch", cells, digits=0, charts=charts)


def functions(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figures 3 to 5: the published functions, and those that this package's searches found."""
    cells: dict[Place, Measured] = {}
    panels = []
    for family, _, paths in _searches(artefact, scale, store):
        published = {f"F_{family}^{i}": PUBLISHED[f"grafs-{family.lower()}-{i}"] for i in range(1, 6)}
        found = {f"found, seed {path.seed}": cell for path in paths if (cell := _found(path)) is not None}
        cells |= {
            (name, "formula"): Measured(None, text=formula(cell)) for name, cell in (published | found).items()
        }
        panels += [
            Panel(title, _lines(part)) for title, part in (("published", published), ("found", found)) if part
        ]
    names = [line.name for panel in panels for line in panel.lines]

    def make() -> Figure:
        return line_panels(panels, looks(names), "x", "f(x)")

    charts = (Chart("", "The functions between -3 and 3.", make),)
    notes = (
        "In brackets as printed; before them what this package evaluates under that name. Found cells are bounded "
        "to magnitude 10.",
    )
    return table_of(artefact, scale, "function", cells, digits=2, notes=notes, charts=charts)


def _searches(artefact: Artefact, scale: Scale, store: Store) -> list[tuple[str, Chain, list[Path]]]:
    found = []
    for label, (plan,) in artefact.at(scale).groups.items():
        assert isinstance(plan, Chain)
        found.append((label, plan, recorded_paths(plan, store)))
    return found


def _operations(path: Path, store: Store) -> list[int]:
    """Return how many operations are left after each step of a finished search."""
    if path.final is None:
        return []
    recording = store.recorded(path.steps[0].outcome.run_id)
    steps = {number for number, trial in recording.asked.items() if trial.search is not None}
    curves = [told.evaluation.curve for told in recording.told if told.number in steps]
    return [int(curve[-1].metrics["operations"]) for curve in curves if curve]


def _found(path: Path) -> Cell | None:
    best, space = path.steps[0].outcome.incumbent, path.chain.task.space
    return None if best is None or not isinstance(space, ActivationCell) else cell_of(best.config, space.bounded)


def _lines(cells: dict[str, Cell]) -> tuple[Line, ...]:
    x = np.array(INPUTS)
    return tuple(
        Line(
            name,
            x,
            np.array(
                cell_values(
                    dict(zip(CELL_EDGES, (*cell.unary, *cell.binary), strict=True)), dict(cell.gammas), cell.bounded
                )
            ),
        )
        for name, cell in cells.items()
    )
