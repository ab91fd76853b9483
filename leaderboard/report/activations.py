"""Activations that the searches found: the best config of each task, written out and plotted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nasbench_sparse.core.activation import Activation, Cell, Operator
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.activation_values import curve
from nasbench_sparse.leaderboard.figures.activations import Shape, activations_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.panels import MOST_PANELS
from nasbench_sparse.leaderboard.report.blocks import Block, Picture, Queries, Sheet, number, words
from nasbench_sparse.leaderboard.report.subject import Subject

POINTS = 121


@dataclass(frozen=True, slots=True)
class Found:
    """The activations of a task's best config, in the order of its sites."""

    task: str
    optimizer: str
    loss: float
    activations: tuple[Activation, ...]

    @property
    def text(self) -> str:
        """A cell's formula, or the operators' names."""
        return ", ".join(map(_text, self.activations))


def activation_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return a table and a figure of the activations found, or nothing where no task searched for any."""
    frame, queries = subject.read("best_configs", in_band=True, at_budget=True)
    found = []
    for task, run_id, loss, space, config in frame.iter_rows():
        activations = tuple(activations_of(json.loads(space), json.loads(config)))
        if activations and run_id in subject.by_run:
            found.append(Found(task, subject.by_run[run_id], loss, activations))
    if not found:
        return ()
    return _sheet(found, queries), *_picture(found, queries)


def activations_of(space: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Activation]:
    """Yield the activations that a config of a declared space chooses; of a space of other things none."""
    from nasbench_sparse.search_spaces.activation_cell import cell_of

    match space:
        case {"type": "ActivationCell", "bounded": bool(bounded)}:
            yield cell_of(config, bounded)
        case {"type": "OperatorChromosome", "sites": int(sites)}:
            yield from (Operator(str(config[f"operator_{site}"])) for site in range(sites))
        case {"type": "Product", "parts": parts}:
            for name, part in parts:
                own = {key.removeprefix(f"{name}."): v for key, v in config.items() if key.startswith(f"{name}.")}
                yield from activations_of(part, own)


def _text(activation: Activation) -> str:
    from nasbench_sparse.search_spaces.cell_formula import formula

    return formula(activation) if isinstance(activation, Cell) else activation.name


def _sheet(found: list[Found], queries: Queries) -> Sheet:
    return Sheet(
        name="activations",
        title="Activations found",
        columns=("task", "optimizer", "loss", "activations"),
        left=frozenset({"task", "optimizer", "activations"}),
        rows=tuple((words(f.task), words(f.optimizer), number(f.loss, 4), words(f.text)) for f in found),
        note=(
            "Of each task the final incumbent with the lowest loss of all runs, by the mean over the replicates of "
            "the task's table where there is one: the formula of a cell, or the operators in the order of their "
            "sites."
        ),
        how="the query alone",
        queries=queries,
    )


def _not_drawn(names: Collection[str]) -> str:
    return f" Not drawn, since they start at random or are unknown: {', '.join(sorted(names))}." if names else ""


def _picture(found: list[Found], queries: Queries) -> tuple[Picture, ...]:
    """Plot each cell, and each operator once."""
    shapes: dict[Activation, Shape] = {}
    without: set[str] = set()
    for one in found:
        for activation in one.activations:
            if activation not in shapes:
                title = one.task if isinstance(activation, Cell) else activation.name
                try:
                    shapes[activation] = Shape(title, *curve(activation, POINTS))
                except NbsError:
                    without.add(title)
    if not shapes:
        return ()
    left_out = f" The first {MOST_PANELS} of {len(shapes)} are drawn." if len(shapes) > MOST_PANELS else ""
    note = (
        "Values and derivatives: a cell under the name of its task, an operator under its own. Constants that are "
        f"trained with the weights are at their start.{left_out}{_not_drawn(without)}"
    )
    title = "Shapes of the activations found"
    drawing = draw("activation-shapes", title, note, lambda: activations_figure(list(shapes.values())))
    return (Picture(drawing=drawing, note=note, how="leaderboard.activation_values.curve", queries=queries),)
