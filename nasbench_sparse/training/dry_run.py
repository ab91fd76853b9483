"""Counts through a blueprint: how many weights each phase leaves, found from the layers' shapes alone.

What has no room for what is asked of it is refused before anything is trained, and so is what would do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from nasbench_sparse.core.blueprint import Cycles, Gradual, Prune, Rewind, Step, Train
from nasbench_sparse.core.phases import ActivatePrune, Phase
from nasbench_sparse.core.sparsify import Regrow, Sigmoid
from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.allocations import Demand
from nasbench_sparse.sparsity.distributions import DISTRIBUTIONS, LAYERWISE
from nasbench_sparse.sparsity.masks import keep_count
from nasbench_sparse.sparsity.schedules import cubic_density, sigmoid_density
from nasbench_sparse.sparsity.scores import score_by_name

Shapes = tuple[torch.Size, ...]
SCORED = "global"
"""The distribution whose counts depend on the scores, so that they are not known before."""


@dataclass(frozen=True, slots=True)
class Alive:
    """Weights alive at a point of a blueprint.

    Args:
        layers: of each layer, in forward order; None where that depends on scores.
        total: of all layers, or more where that depends on scores.
        moved: whether weights differ from the initial ones.
        before, taken: those alive when the last training ended, and the fraction of them pruned since.
        pattern: N:M that the weights alive keep to.
    """

    layers: tuple[int, ...] | None
    total: int
    moved: bool = False
    before: Alive | None = None
    taken: float = 0.0
    pattern: tuple[int, int] | None = None


def walk(phases: Sequence[Phase], shapes: Shapes) -> None:
    """Follow the counts through all phases.

    Raises:
        TaskError: more weights are to be kept than are alive, an allocation that does not exist, a score of
            movement where nothing has moved, or regrowth in a dense network or one with an N:M pattern.
    """
    sizes = tuple(shape.numel() for shape in shapes)
    alive = Alive(sizes, sum(sizes))
    for phase in phases:
        if not isinstance(phase, Cycles):
            alive = after(phase, alive, shapes)
            continue
        for _ in range(phase.count):
            start = alive
            for step in phase.body:
                alive = after(step, alive, shapes)
            for step in phase.fork:
                start = after(step, start, shapes)


def after(phase: Step | Train, alive: Alive, shapes: Shapes) -> Alive:
    """Return what a phase leaves alive; see `walk`."""
    if isinstance(phase, Train):
        return _trained(phase, alive, shapes)
    if isinstance(phase, Prune):
        return _pruned(phase, alive, shapes)
    if isinstance(phase, ActivatePrune) and phase.bias is None:
        return _fraction(alive, phase.fraction, SCORED, {}, shapes)
    if isinstance(phase, Rewind) and phase.what == "weights" and phase.to == 0:
        return replace(alive, moved=False)
    return alive


def _pruned(phase: Prune, alive: Alive, shapes: Shapes) -> Alive:
    if score_by_name(phase.score).initial and not alive.moved:
        raise TaskError(
            f"pruning score {phase.score!r} compares with the initial weights, and no training has moved them: all "
            "scores would be 0"
        )
    options = dict(phase.distribution_options)
    if phase.fraction is not None:
        return _fraction(alive, phase.fraction, phase.distribution, options, shapes)
    if phase.pattern is not None:
        n, m = phase.pattern
        sizes = [shape.numel() for shape in shapes]
        layers = tuple(size * n // m for size in sizes) if alive.total == sum(sizes) else None
        total = min(alive.total, sum(sizes) * n // m)
        return replace(alive, layers=layers, total=total, before=None, taken=0.0, pattern=phase.pattern)
    if phase.distribution == LAYERWISE and alive.layers is not None:
        each = phase.densities * len(shapes) if len(phase.densities) == 1 else phase.densities
        for place, (shape, density, now) in enumerate(zip(shapes, each, alive.layers, strict=True), 1):
            size = shape.numel()
            _check(f"pruning by {phase.score!r}", keep_count(size, density), now, size, f"layer {place}")
    return _density(alive, phase.densities, phase.distribution, options, shapes, f"pruning by {phase.score!r}")


def _density(
    alive: Alive,
    densities: tuple[float, ...],
    distribution: str,
    options: dict[str, object],
    shapes: Shapes,
    what: str,
) -> Alive:
    sizes = tuple(shape.numel() for shape in shapes)
    if distribution == LAYERWISE:
        each = densities * len(sizes) if len(densities) == 1 else densities
        wanted = [keep_count(size, density) for size, density in zip(sizes, each, strict=True)]
        _check(what, sum(wanted), alive.total, sum(sizes), "the network")
        layers = None if alive.layers is None else tuple(map(min, wanted, alive.layers))
        return replace(alive, layers=layers, total=sum(layers or wanted), before=None, taken=0.0)
    kept = keep_count(sum(sizes), densities[0])
    _check(what, kept, alive.total, sum(sizes), "the network")
    counts = _allocated(distribution, alive.layers, sizes, kept, shapes, options)
    return replace(alive, layers=counts, total=kept, before=None, taken=0.0)


def _fraction(
    alive: Alive, fraction: float, distribution: str, options: dict[str, object], shapes: Shapes
) -> Alive:
    before, taken = alive.before or alive, round(alive.taken + fraction, 12)
    total = before.total - keep_count(before.total, taken)
    layers = None
    if distribution == LAYERWISE and before.layers is not None and alive.layers is not None:
        pairs = zip(before.layers, alive.layers, strict=True)
        layers = tuple(min(count - keep_count(count, taken), now) for count, now in pairs)
        total = sum(layers)
    elif distribution != LAYERWISE and alive.layers is not None:
        layers = _allocated(distribution, alive.layers, alive.layers, total, shapes, options)
    return replace(alive, layers=layers, total=total, before=replace(before, before=None), taken=taken)


def _trained(train: Train, alive: Alive, shapes: Shapes) -> Alive:
    alive = replace(alive, moved=True, before=None, taken=0.0)
    schedule, whole = train.sparsify, sum(shape.numel() for shape in shapes)
    if schedule is None:
        return alive
    if isinstance(schedule, Regrow):
        if alive.total == whole:
            raise TaskError(
                f"regrowth {schedule.method!r} drops and grows weights of a sparse network, and this one is dense: "
                "prune it first"
            )
        if alive.pattern is not None:
            n, m = alive.pattern
            raise TaskError(
                f"regrowth {schedule.method!r} grows weights anywhere in a layer, which would break the pattern "
                f"{n}:{m} that the network was pruned to"
            )
        return alive
    if isinstance(schedule, Sigmoid):
        final = sigmoid_density(train.epochs, train.epochs, schedule.alpha, schedule.beta, schedule.gamma)
        return _density(alive, (final,), SCORED, {}, shapes, "sigmoid pruning")
    for density in (min(_first(schedule), alive.total / whole), schedule.density):
        alive = _density(alive, (density,), schedule.distribution, {}, shapes, "gradual pruning")
    return alive


def _first(schedule: Gradual) -> float:
    """Return the density at the first step of a schedule, which counts from 1."""
    step = schedule.begin or schedule.frequency
    return cubic_density(step, schedule.begin, schedule.end, schedule.density, schedule.initial)


def _check(what: str, kept: int, alive: int, size: int, where: str) -> None:
    if kept > alive:
        raise TaskError(
            f"{what} would keep {kept:,} weights of {where} (density {kept / size:.4g}), where {alive:,} are "
            "alive, and what is pruned stays pruned"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Counted(Demand):
    """A demand of layers of which shapes and counts are known, and no scores."""

    layers: tuple[tuple[torch.Size, int], ...]

    @property
    def alive(self) -> list[int]:
        return [count for _, count in self.layers]

    @property
    def shapes(self) -> list[torch.Size]:
        return [shape for shape, _ in self.layers]


def _allocated(
    name: str,
    alive: tuple[int, ...] | None,
    sizes: tuple[int, ...],
    total: int,
    shapes: Shapes,
    options: dict[str, object],
) -> tuple[int, ...] | None:
    """Return what each layer keeps, None where that depends on scores; raise TaskError where there is no such."""
    if name == SCORED or alive is None:
        return None
    demand = _Counted((), (), sizes, total, tuple(zip(shapes, alive, strict=True)))
    return tuple(DISTRIBUTIONS[name](demand, **options))
