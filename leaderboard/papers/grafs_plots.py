"""GRAFS: when a search drops operations (figure 2), and the functions it finds (figures 3 to 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.blueprint import Cell
from nasbench_sparse.core.operations import CELL_EDGES
from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.beside import Measured, Place
from nasbench_sparse.leaderboard.papers.charts import whole_ticks
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.nn.published import PUBLISHED
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.runner.chain_walk import Path
from nasbench_sparse.search_spaces.activation_cell import ActivationCell, cell_of
from nasbench_sparse.search_spaces.cell_formula import formula
from nasbench_sparse.search_spaces.cell_values import cell_values
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.training.drop_schedule import drops_per_epoch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

DRAWN = tuple(x / 40.0 for x in range(-120, 121))
"""241 inputs, -3 to 3, at which a function is drawn."""

WHOLE = 110
"""Operations of a full cell: 23 on each of four edges, 9 at each of two vertices."""


EPOCHS, START = 50, 2
"""Of figure 2: epochs of the search, and the first that drops any, twice the one epoch of warm start."""

PUBLISHED_SCHEDULE = f"E = {EPOCHS}, S = {START}"


def drops(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 2: operations that are dropped at the beginning of each epoch, and how many are left after it.

    The paper's schedule is drawn from its closed form; beside it stands what searches recorded.
    """
    dropped = {PUBLISHED_SCHEDULE: drops_per_epoch(WHOLE - len(CELL_EDGES), EPOCHS, START)}
    searches = {PUBLISHED_SCHEDULE: 1}
    for label, plan, paths in _searches(artefact, scale, store):
        left = [row for path in paths if (row := _operations(path, store))]
        if not left:
            continue
        assert all(row == left[0] for row in left), f"searches of {plan.name!r} shrink by one schedule"
        name = f"{label}, searches of {len(left[0])} epochs"
        dropped[name] = [was - now for was, now in zip([WHOLE, *left[0][:-1]], left[0], strict=True)]
        searches[name] = len(left)
    cells: dict[Place, Measured] = {}
    for name, counts in dropped.items():
        for epoch, (count, kept) in enumerate(zip(counts, _left(counts), strict=True)):
            for column, value in (("dropped", count), ("left", kept)):
                cells[f"epoch {epoch}", f"{name}: {column}"] = Measured(
                    float(value), n=searches[name], text=str(value)
                )

    def make() -> Figure:
        panels = [
            Panel(title, tuple(_steps(name, each(counts)) for name, counts in dropped.items()))
            for title, each in (("operations dropped", list), ("operations left", _left))
        ]
        return whole_ticks(line_panels(panels, looks(list(dropped)), "epoch", "operations"))

    charts = (Chart("", "Operations dropped, and left in the cell, by epoch of the search.", make),)
    return table_of(artefact, scale, "epoch", cells, digits=0, charts=charts)


def _left(counts: list[int]) -> list[int]:
    """Return how many operations are left after each epoch."""
    return [WHOLE - sum(counts[: epoch + 1]) for epoch in range(len(counts))]


def _steps(name: str, counts: list[int]) -> Line:
    """Return the outline of a histogram whose bars are one epoch wide."""
    return Line(name, np.arange(len(counts) + 1.0), np.array([*counts, counts[-1]], dtype=float), stepped=True)


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
    return tuple(Line(name, np.array(DRAWN), np.array(_values(cell))) for name, cell in cells.items())


def _values(cell: Cell) -> tuple[float, ...]:
    operations = dict(zip(CELL_EDGES, (*cell.unary, *cell.binary), strict=True))
    return cell_values(operations, dict(cell.gammas), cell.bounded, DRAWN)
