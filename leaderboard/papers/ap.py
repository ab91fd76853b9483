"""AP: accuracies over remaining weights, dead neuron rates, and the best q for each p."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.blueprint import Train
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.charts import Point, line_chart
from nasbench_sparse.leaderboard.papers.evidence import Evidence, compared
from nasbench_sparse.leaderboard.papers.rendered import Rendered, table_of
from nasbench_sparse.leaderboard.papers.values import Value, grouped, paired, values
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.runner.design import Design
from nasbench_sparse.tasks.papers.ap import COMPARISONS
from nasbench_sparse.tasks.papers.ap_benches import P
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.tasks.papers.plans import Cells, Plan
from nasbench_sparse.training.task import TrainingTask

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

PRINTED = {0.8**13: "5.72%"}
"""The paper's lowest density is no power of 0.8; 13 cycles, which leave 5.50 %, are the nearest."""

DENSE = ("dense network", "100%")
ORIGINAL = {"1": "91.7%", "2": "92.2%", "3": "74.6%", "4": "73.7%", "5": "77.0%", "6": "98.0%"}
"""What tables 1 to 6 print above themselves as "Original Top-1 Test Accuracy"."""

FIRST_TRAINING = """
SELECT replicate, avg(test_accuracy) AS value
FROM trainings
WHERE phase = 'shared' AND fingerprint = ? AND step = ?
GROUP BY replicate
ORDER BY replicate
"""
"""The dense network that every method of a task starts from, which their trainings share."""

FEASIBLE = 0.005
"""Accuracy below the best that is still in the feasible region of figure 3."""


def remaining(cycle: int) -> str:
    """Name a cycle by the percentage of weights that the paper's tables have there."""
    left = (1 - P) ** cycle
    return next((text for share, text in PRINTED.items() if abs(share - left) < 1e-9), f"{left:.1%}")


def accuracies(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Tables 1 to 9 and 12 to 15: test accuracy of each method where so many weights remain, and before pruning."""
    cells = _dense(artefact, scale, store) | {
        (row, remaining(cycle)): averaged(each, 100.0)
        for cycle in _cycles(artefact, scale)
        for row, each in _by_method(artefact, scale, store, "test_accuracy", cycle).items()
    }
    return table_of(artefact, scale, "method", cells, digits=1, notes=_notes(artefact, scale))


def with_dead_neurons(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Tables 10 and 11: accuracy, and the dynamic dead neuron rate in parentheses."""
    cells: dict[Place, Measured] = {}
    for cycle in _cycles(artefact, scale):
        dead = _by_method(artefact, scale, store, "dnr_dynamic", cycle)
        for row, each in _by_method(artefact, scale, store, "test_accuracy", cycle).items():
            one = averaged(each, 100.0)
            rate = f" ({100 * dead[row].mean():.1f})" if row in dead else ""
            cells[row, remaining(cycle)] = Measured(one.value, one.spread, one.n, f"{one.value:.1f}{rate}")
    return table_of(artefact, scale, "method", cells, digits=1, notes=(*_notes(artefact, scale), COUNTED))


COUNTED = (
    "The dead neuron rates that the paper prints, 4 to 8 %, are several times below those measured here, where all "
    "units of every activation site count over the whole training data; it does not say what its tables count, so "
    "compare methods, not levels."
)


def _dense(artefact: Artefact, scale: Scale, store: Store) -> dict[Place, Measured]:
    (design,) = artefact.at(scale).plans
    assert isinstance(design, Design)
    assert isinstance(design.task, TrainingTask)
    first = design.task.blueprint.phases[0]
    assert isinstance(first, Train)
    found = store.sql(FIRST_TRAINING, (design.task.fingerprint, first.epochs))["value"].to_numpy()
    return {DENSE: averaged(found, 100.0)} if len(found) else {}


def _cycles(artefact: Artefact, scale: Scale) -> list[int]:
    """Return the cycles of a table's columns, or all there are at a scale that has fewer."""
    (design,) = artefact.at(scale).plans
    wanted = COMPARISONS.get(artefact.name.removeprefix("ap-"))
    assert isinstance(design, Design)
    longest = design.task.fidelity.max
    columns = [k for k in (wanted.cycles if wanted else (5, 6, 9, 13)) if k <= longest]
    return columns or list(range(1, longest + 1))


def _by_method(artefact: Artefact, scale: Scale, store: Store, metric: str, cycle: int) -> dict[str, Floats]:
    (design,) = artefact.at(scale).plans
    assert isinstance(design, Design)
    return grouped(values(store, design.task, metric, cycle), lambda one: str(one.config["method"]))


def _notes(artefact: Artefact, scale: Scale) -> tuple[str, ...]:
    low = 13 in _cycles(artefact, scale)
    original = ORIGINAL.get(artefact.name.removeprefix("ap-table-"))
    return (
        *(("The column 5.72% is cycle 13, after which 5.50 % of the weights remain.",) if low else ()),
        *((f"Published for the dense network: {original}.",) if original else ()),
    )


def dead_neuron_rates(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 1: both rates over the cycles, and the dynamic one while networks of different density train.

    The dense network's rates on the left are those at the end of its training on the right; none is static there.
    """
    (left,), (right,) = artefact.at(scale).groups.values()
    assert isinstance(left, Cells)
    assert isinstance(right, Cells)
    cells: dict[Place, Measured] = {}
    rates: dict[str, list[Point]] = {"dynamic": [], "static": []}
    dense = _dynamic(store, right, right.task.fidelity.max).get("100.0%")
    if dense is not None:
        for kind, group in (("dynamic", dense), ("static", np.zeros_like(dense))):
            cells["100.0% remaining", f"{kind} DNR, %"] = averaged(group, 100.0)
            rates[kind].append((100.0, 100 * float(group.mean())))
    for cycle in range(1, left.task.fidelity.max + 1):
        for kind, points in rates.items():
            found = grouped(values(store, left.task, f"dnr_{kind}", cycle), lambda one: "all")
            if found:
                cells[f"{(1 - P) ** cycle:.1%} remaining", f"{kind} DNR, %"] = averaged(found["all"], 100.0)
                points.append((100 * (1 - P) ** cycle, 100 * float(found["all"].mean())))
    lines: dict[str, list[Point]] = {}
    for epoch in range(1, right.task.fidelity.max + 1):
        for name, each in _dynamic(store, right, epoch).items():
            lines.setdefault(name, []).append((float(epoch), 100 * float(each.mean())))
            cells[f"{name} remaining, epoch {epoch}", "dynamic DNR, %"] = averaged(each, 100.0)
    drawn = (
        ("left", "rates over remaining weights", rates, "weights remaining, %"),
        ("right", "dynamic rate while networks train", lines, "epoch"),
    )
    charts = tuple(
        line_chart(side, f"Dead neuron rate: {alt}.", {"": shown}, axis, "dead neuron rate, %")
        for side, alt, shown, axis in drawn
        if any(shown.values())
    )
    return table_of(artefact, scale, "network", cells, digits=2, charts=charts)


def _dynamic(store: Store, right: Cells, epoch: int) -> dict[str, Floats]:
    """Return the dynamic rate after an epoch by the weights remaining, most first."""
    found = grouped(values(store, right.task, "dnr_dynamic", epoch), lambda one: str(one.config["remaining"]))
    return dict(sorted(found.items(), key=lambda one: -float(one[0].rstrip("%"))))


def best_rates(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 3: for each p the q of the best validation accuracy, and those within half a point of it."""
    cells: dict[Place, Measured] = {}
    charts = []
    for network, plans in artefact.at(scale).groups.items():
        tested, validated = (_rates_by_p(store, plans, split) for split in ("test_accuracy", "val_accuracy"))
        for p, accuracy in tested.items():
            means = {q: float(each.mean()) for q, each in validated[p].items()}
            best = max(means, key=lambda q: means[q])
            feasible = ", ".join(f"{q:g}" for q in means if means[best] - means[q] < FEASIBLE)
            row, n = f"{network}, p = {p:g}%", len(accuracy[best])
            cells[row, "q-best, %"] = Measured(best, n=n)
            cells[row, "feasible, %"] = Measured(None, n=n, text=feasible)
            cells[row, "test accuracy at q-best, %"] = averaged(accuracy[best], 100.0)
        lines = {
            f"p = {p:g}%": [(q, 100 * float(each.mean())) for q, each in by_q.items()] for p, by_q in tested.items()
        }
        if lines:
            alt = f"Accuracy of AP-Lite over q, {network}."
            charts.append(line_chart(network.lower(), alt, {"": lines}, "q, %", "test accuracy, %"))
    notes = (
        "Accuracy where each p first leaves less than 27 % of the weights; the paper's heuristic is q = 0.1 p.",
        "q-best and feasible are chosen by validation accuracy, among the values of q that were trained.",
    )
    return table_of(artefact, scale, "pruning", cells, digits=2, notes=notes, charts=tuple(charts))


def _rates_by_p(store: Store, plans: Sequence[Plan], metric: str) -> dict[float, dict[float, Floats]]:
    """Return the accuracies of each p and q, both in percent and ascending."""
    trained: list[Value] = []
    for plan in plans:
        assert isinstance(plan, Cells)
        trained += values(store, plan.task, metric)
    found: dict[float, dict[float, Floats]] = {}
    for (p, q), each in sorted(grouped(trained, _p_and_q).items()):
        found.setdefault(p, {})[q] = each
    return found


def _p_and_q(one: Value) -> tuple[float, float]:
    """Read "p=20.00%, q=2.00%"."""
    p, q = (float(number) for number in re.findall(r"([0-9.]+)%", str(one.config["rates"])))
    return p, q


def pro_over_lite(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test AP-Pro against AP-Lite at the lowest density of the table."""
    return _methods(artefact, scale, store, 2, 1)


def lite_over_base(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test AP-Lite against the method alone at the lowest density of the table."""
    return _methods(artefact, scale, store, 1, 0)


def _methods(artefact: Artefact, scale: Scale, store: Store, first: int, second: int) -> Evidence:
    (design,) = artefact.at(scale).plans
    assert isinstance(design, Design)
    cycle = _cycles(artefact, scale)[-1]
    levels = [str(cell["method"]) for cell in design.cells]
    found = values(store, design.task, "test_accuracy", cycle)
    one, other = ([each for each in found if each.config["method"] == levels[i]] for i in (first, second))
    short = [level.rpartition(" + ")[2] for level in (levels[first], levels[second])]
    what = f"{short[0]} {{first:.3f}}, {short[1]} {{second:.3f}} at {(1 - P) ** cycle:.1%}"
    return compared(*paired(one, other, _replicate), what)


def dynamic_rate_falls(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test the dynamic dead neuron rate after the first cycle against that after the last, paired by seed."""
    left = artefact.at(scale).groups["left"][0]
    assert isinstance(left, Cells)
    early, late = (values(store, left.task, "dnr_dynamic", cycle) for cycle in (1, left.task.fidelity.max))
    what = f"after cycle 1 {{first:.3f}}, after cycle {left.task.fidelity.max} {{second:.3f}}"
    return compared(*paired(early, late, _replicate), what)


def _replicate(one: Value) -> int:
    return one.replicate
