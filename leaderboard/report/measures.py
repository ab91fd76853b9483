"""Measures: how far what is measured of a network, such as its effective gradient flow, orders the configs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.agreement import Agreement, agreement_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.order_curves import order_curves_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, Picture, Queries, Remark, Sheet, number, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.agreement import AgreementCurve, agreement_curve, correct_taus
from nasbench_sparse.leaderboard.statistics.check import Ints
from nasbench_sparse.leaderboard.statistics.holm_correction import Holm
from nasbench_sparse.leaderboard.statistics.kendall import KendallTau

if TYPE_CHECKING:
    import polars as pl

FEWEST_CONFIGS = 4
MOST_MEASURES = 8
MOST_STEPS = 24
HOW = "statistics.agreement_curve and statistics.holm"


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure on a task: its order after each unit of fidelity against that of the final performance."""

    task: str
    measure: str
    steps: Ints
    full_size: int
    curve: AgreementCurve

    @property
    def last(self) -> KendallTau:
        """At the end of the training."""
        return self.curve.points[-1]


def measure_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return a table, a matrix and curves of the measures that vary, or a sentence where there is none."""
    frame, queries = subject.read("measures")
    found = [one for one in _measured(frame) if not np.isnan(one.curve.tau).all()]
    if not found:
        sentence = "No measures against the final performance: the learning curves of no four configs hold any."
        return (Remark(sentences=(sentence,), queries=queries),)
    return _sheet(found, queries), _matrix(found, queries), _curves(found, queries)


def _measured(frame: pl.DataFrame) -> list[Measured]:
    found = []
    for (task, measure), part in frame.group_by("task", "measure", maintain_order=True):
        configs, rows = np.unique(part["config_key"].to_numpy(), return_inverse=True)
        steps, columns = np.unique(part["step"].to_numpy(), return_inverse=True)
        if len(configs) < FEWEST_CONFIGS:
            continue
        values, performance = np.full((len(configs), len(steps)), np.nan), np.empty(len(configs))
        values[rows, columns] = part["value"].to_numpy()
        performance[rows] = -part["final_loss"].to_numpy()
        kept = np.unique(np.linspace(0, len(steps) - 1, MOST_STEPS).round().astype(int))
        curve = agreement_curve(values[:, kept], performance, unit="configs")
        found.append(Measured(str(task), str(measure), steps[kept], int(part["full_size"][0]), curve))
    return found


def _sheet(found: list[Measured], queries: Queries) -> Sheet:
    correction = correct_taus([one.last for one in found])
    return Sheet(
        name="measures",
        title="Measures against the final performance",
        columns=("task", "measure", "after", "tau-b", "low", "high", "configs", "p (Holm)"),
        left=frozenset({"task", "measure"}),
        highest_first=frozenset({"tau-b", "low", "high", "configs"}),
        rows=tuple(_row(one, correction, place) for place, one in enumerate(found)),
        note=(
            "tau-b of the measure, after so many units of fidelity, with the final performance (the final loss "
            f"turned round): above 0 where more is better. 95 % jackknife intervals. {correction.sentence}."
        ),
        how=HOW,
        queries=queries,
    )


def _row(one: Measured, correction: Holm, place: int) -> tuple[Cell, ...]:
    interval, p = one.last.interval, correction.adjusted[place]
    return (
        words(one.task),
        words(one.measure),
        Cell(str(one.steps[-1]), float(one.steps[-1])),
        number(one.last.tau, 2),
        number(None if interval is None else interval.low, 2),
        number(None if interval is None else interval.high, 2),
        Cell(str(one.last.n), one.last.n),
        Cell("too few") if np.isnan(p) else Cell(f"{p:.2g}", p),
    )


def _matrix(found: list[Measured], queries: Queries) -> Picture:
    tasks = tuple(dict.fromkeys(one.task for one in found))
    measures = tuple(sorted({one.measure for one in found}))
    tau = np.full((len(measures), len(tasks)), np.nan)
    for one in found:
        tau[measures.index(one.measure), tasks.index(one.task)] = one.curve.tau[-1]
    note = "tau-b of each measure at the end of the training with the final performance; grey: not measured."
    drawing = draw(
        "measure-matrix",
        "Measures and tasks",
        note,
        lambda: agreement_figure(Agreement("", tau, measures, tasks)),
    )
    return Picture(drawing=drawing, note=note, how=HOW, queries=queries)


def _curves(found: list[Measured], queries: Queries) -> Picture:
    strength = {one.measure: 0.0 for one in found}
    for one in found:
        strength[one.measure] = max(strength[one.measure], float(np.nanmax(np.abs(one.curve.tau))))
    shown = sorted(sorted(strength, key=lambda name: (-strength[name], name))[:MOST_MEASURES])
    panels = [
        Panel(
            task,
            tuple(_line(one) for one in found if one.task == task and one.measure in shown),
        )
        for task in dict.fromkeys(one.task for one in found)
    ]
    left_out = (
        f" The {MOST_MEASURES} of {len(strength)} that agree most are drawn." if len(strength) > len(shown) else ""
    )
    note = (
        "How early does a measure order the configs as their final performance will? With 95 % jackknife "
        f"intervals.{left_out}"
    )
    drawing = draw(
        "measure-curves",
        "Measures over the training",
        note,
        lambda: order_curves_figure(panels, looks(shown), "tau-b with final performance"),
    )
    return Picture(drawing=drawing, note=note, how=HOW, queries=queries)


def _line(one: Measured) -> Line:
    share = one.steps / one.full_size
    return Line(one.measure, share, one.curve.tau, one.curve.low, one.curve.high, marked=len(share) == 1)
