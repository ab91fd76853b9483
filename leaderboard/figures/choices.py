"""Operator frequency: which named choices the final incumbents made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.matrix import SEQUENTIAL, draw_matrix
from nasbench_sparse.leaderboard.figures.style import short_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CHOICES = 24


@dataclass(frozen=True, slots=True)
class Choices:
    """How often each field of a task's incumbents took each choice: counts[field, choice]."""

    task: str
    counts: Mapping[tuple[str, str], int]


def choices_figure(tasks: Sequence[Choices]) -> Figure:
    """Draw one matrix for each task: fields down, choices across, share of the incumbents."""
    from matplotlib.figure import Figure

    sizes = [(_fields(task), _shown(task)) for task in tasks]
    columns = [math.ceil(max(4, len(choices))) for _, choices in sizes]
    heights = [0.26 * len(fields) + 1.15 for fields, _ in sizes]
    figure = Figure(figsize=(min(7.4, max(3.4, 0.31 * max(columns) + 1.2)), sum(heights)), layout="constrained")
    axes = figure.subplots(len(tasks), 1, squeeze=False, height_ratios=heights)[:, 0]
    titles = short_names((task.task for task in tasks), 60)
    for ax, task, (fields, choices) in zip(axes, tasks, sizes, strict=True):
        total = {field: sum(n for (f, _), n in task.counts.items() if f == field) for field in fields}
        counts = np.array([[task.counts.get((f, c), 0) for c in choices] for f in fields], dtype=float)
        share = counts / np.array([[total[field]] for field in fields])
        texts = [[str(int(n)) if n else "" for n in row] for row in counts]
        draw_matrix(ax, share, texts, fields, choices, SEQUENTIAL, (0.0, 1.0))
        ax.set_title(titles[task.task])
    return figure


def _fields(task: Choices) -> list[str]:
    return sorted({field for field, _ in task.counts}, key=_natural)


def _natural(name: str) -> tuple[str, int, str]:
    """Sort layer_2 before layer_10."""
    head = name.rstrip("0123456789")
    digits = name[len(head) :]
    return head, int(digits or 0), name


def _shown(task: Choices) -> list[str]:
    """Return the most frequent choices, by name."""
    total: dict[str, int] = {}
    for (_, choice), count in task.counts.items():
        total[choice] = total.get(choice, 0) + count
    kept = sorted(total, key=lambda choice: (-total[choice], choice))[:MOST_CHOICES]
    return sorted(kept)
