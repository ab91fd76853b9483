"""Curves of the final incumbents while they were trained: means over runs, and of how many runs each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.statistics.check import span

FEW = 3
"""A line of fewer runs has markers, since it is hardly a mean."""

Steps = Mapping[int, Sequence[float]]
"""Values of the runs, by the units of fidelity that were trained."""


def curve_panel(title: str, rows: Mapping[str, Steps], names: Iterable[str], unit: str) -> Panel:
    """Return a panel with a line for each contender that has values.

    Args:
        rows: by contender; names: of the contenders, in order.
        unit: of fidelity.
    """
    return Panel(title, tuple(_line(name, rows[name]) for name in names if name in rows), x_label=unit)


def _line(name: str, steps: Steps) -> Line:
    """Average the steps that as many runs have as the first."""
    full = _runs(steps)
    kept = sorted(step for step, values in steps.items() if len(values) == full)
    means = np.array([np.mean(steps[step]) for step in kept])
    return Line(name, np.array(kept, dtype=float), means, marked=full < FEW)


def runs_text(panels: Iterable[Mapping[str, Steps]], names: Iterable[str]) -> str:
    """Say of how many runs the lines of each contender are, from the fewest on a panel to the most."""
    found: dict[str, list[int]] = {}
    for rows in panels:
        for name, steps in rows.items():
            found.setdefault(name, []).append(_runs(steps))
    alike: dict[tuple[int, int], list[str]] = {}
    for name in (name for name in names if name in found):
        alike.setdefault((min(found[name]), max(found[name])), []).append(name)
    first, *others = [(span(ends, "run"), who) for ends, who in sorted(alike.items(), reverse=True)]
    said = f"{first[0]} for each line"
    if others:
        said += f" of {', '.join(first[1])}" + "".join(f"; {n} of {', '.join(who)}" for n, who in others)
    marked = f" A line with markers is of fewer than {FEW} runs." if min(map(min, found.values())) < FEW else ""
    return f"{said}.{marked}"


def _runs(steps: Steps) -> int:
    return len(steps[min(steps)])
