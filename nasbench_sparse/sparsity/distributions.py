"""Distributions: which weights are kept, given scores and how many are kept.

Each layer keeps its highest scores, ties by the lower flat index; how many is the distribution's matter: its own
density for "layerwise", or an allocation of a total.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from nasbench_sparse.core.ranges import check_numbers, check_share
from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.sparsity.allocations import Demand, erk, global_, lap, smart, uniform
from nasbench_sparse.sparsity.masks import alive_counts, keep_count, keep_top_alive

Distribution = Callable[..., list[int]]

DISTRIBUTIONS: dict[str, Distribution] = {
    "erk": erk,
    "global": global_,
    "lap": lap,
    "smart": smart,
    "uniform": uniform,
}
LAYERWISE = "layerwise"


def check_distribution(name: str, options: Mapping[str, Any] | None = None) -> None:
    """Check a distribution's name and options, as a blueprint's validation needs it.

    Raises:
        UnknownName: an unknown distribution or option, naming the nearest ones.
        TaskError: an option's value is not allowed.
    """
    if name not in DISTRIBUTIONS and name != LAYERWISE:
        raise unknown("distribution", name, [*DISTRIBUTIONS, LAYERWISE])
    valid = [] if name == LAYERWISE else list(inspect.signature(DISTRIBUTIONS[name]).parameters)[1:]
    for option, value in (options or {}).items():
        if option not in valid:
            raise unknown(f"option of distribution {name!r}", option, valid)
        _check_value(f"option {option!r} of distribution {name!r}", option, value)


def distribute(
    name: str,
    scores: Sequence[Tensor],
    masks: Sequence[Tensor],
    density: float | Sequence[float],
    **options: Any,
) -> tuple[Tensor, ...]:
    """Keep a density of all weights; what is pruned already stays pruned.

    Args:
        name: "layerwise", or a name of `DISTRIBUTIONS`.
        scores: one tensor for each layer; larger is kept.
        masks: boolean, of the same shapes.
        density: fraction of all weights kept, in [0, 1], so that round(density * n) are alive afterwards. For
            "layerwise" one for each layer, or a single one for all: round(density * n_l) are alive in layer l, or
            as many as before where that is less.
        options: of the distribution.
    Returns:
        One boolean mask for each layer, a part of the one before.
    Raises:
        UnknownName: an unknown distribution or option.
        TaskError: a density outside [0, 1] or above what is alive, or a wrong number of densities.
    """
    check_distribution(name, options)
    sizes = tuple(mask.numel() for mask in masks)
    if name == LAYERWISE:
        shares = _checked(_one_each(density, len(masks)), "density")
        return _keep(scores, masks, [keep_count(size, d) for size, d in zip(sizes, shares, strict=True)])
    kept = keep_count(sum(sizes), _checked([_single(name, density)], "density")[0])
    _check_alive(name, kept, sum(alive_counts(masks)))
    return _keep(scores, masks, DISTRIBUTIONS[name](Demand(scores, masks, sizes, kept), **options))


def distribute_count(
    name: str, scores: Sequence[Tensor], masks: Sequence[Tensor], keep: int | Sequence[int], **options: Any
) -> tuple[Tensor, ...]:
    """Keep an exact number of the weights alive; layers are weighed by what is alive in them.

    Args:
        keep: over all layers; for "layerwise" one number for each layer.
    Raises:
        UnknownName: an unknown distribution or option.
        TaskError: more than are alive, fewer than none, or a total where numbers are needed and vice versa.
    """
    check_distribution(name, options)
    alive = alive_counts(masks)
    if isinstance(keep, int):
        if name == LAYERWISE:
            raise TaskError("distribution 'layerwise' takes one number of weights for each layer, not a total")
        _check_alive(name, keep, sum(alive))
        return _keep(scores, masks, DISTRIBUTIONS[name](Demand(scores, masks, tuple(alive), keep), **options))
    if name != LAYERWISE or len(keep) != len(alive):
        raise TaskError(f"distribution {name!r} cannot keep {len(keep)} numbers of weights in {len(alive)} layers")
    for count, most in zip(keep, alive, strict=True):
        _check_alive(name, count, most)
    return _keep(scores, masks, keep)


def _check_value(what: str, option: str, value: object) -> None:
    if option == "rates" and value is not None:
        check_numbers(what, value, least=0.0, below=1.0)
    elif option == "linear_density":
        check_share(what, value)
    elif option == "depth_divided" and not isinstance(value, bool):
        raise TaskError(f"{what} is {value!r}; allowed are True and False")


def _check_alive(name: str, keep: int, alive: int) -> None:
    if not 0 <= keep <= alive:
        raise TaskError(f"distribution {name!r} cannot keep {keep} weights: {alive} are alive")


def _keep(scores: Sequence[Tensor], masks: Sequence[Tensor], counts: Sequence[int]) -> tuple[Tensor, ...]:
    return tuple(keep_top_alive(s, mask, count) for s, mask, count in zip(scores, masks, counts, strict=True))


def _checked(shares: Sequence[float], kind: str) -> Sequence[float]:
    for share in shares:
        if not 0.0 <= share <= 1.0:
            raise TaskError(f"{kind} {share} lies outside [0, 1]")
    return shares


def _single(name: str, value: float | Sequence[float]) -> float:
    values = [value] if isinstance(value, int | float) else list(value)
    if len(values) != 1:
        raise TaskError(f"distribution {name!r} takes one density for the whole network, not {len(values)}")
    return values[0]


def _one_each(value: float | Sequence[float], layers: int) -> list[float]:
    values = [value] if isinstance(value, int | float) else list(value)
    values = values * layers if len(values) == 1 else values
    if len(values) != layers:
        raise TaskError(f"{len(values)} densities for {layers} prunable layers; give one for each or a single one")
    return values
