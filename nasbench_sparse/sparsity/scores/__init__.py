"""Pruning scores: the importance of each weight; larger is kept.

A score is a function of a `ScoringContext` and keyword options that gives one tensor for each layer, of its
weight's shape. Scores never change the network, its buffers or any generator but the streams they are given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from nasbench_sparse.core.ranges import check_positive, check_whole
from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.sparsity.context import ScoringContext
from nasbench_sparse.sparsity.scores.gradient import snip, taylor
from nasbench_sparse.sparsity.scores.gradient_flow import grasp
from nasbench_sparse.sparsity.scores.layer_adaptive_magnitude import lamp
from nasbench_sparse.sparsity.scores.lookahead import lap
from nasbench_sparse.sparsity.scores.synaptic_flow import synflow
from nasbench_sparse.sparsity.scores.weight import magnitude, magnitude_increase, movement, random


@dataclass(frozen=True, slots=True)
class Score:
    """A score and what it needs of its context.

    Args:
        function: of a context and options.
        data: reads training batches.
        initial: compares with the weights at initialisation.
        links: looks at neighbouring layers.
        density: prunes in rounds towards a density, so that it must be known.
    """

    function: Callable[..., tuple[Tensor, ...]]
    data: bool = False
    initial: bool = False
    links: bool = False
    density: bool = False


SCORES: dict[str, Score] = {
    "grasp": Score(grasp, data=True),
    "lamp": Score(lamp),
    "lap": Score(lap, links=True),
    "magnitude": Score(magnitude),
    "magnitude_increase": Score(magnitude_increase, initial=True),
    "movement": Score(movement, initial=True),
    "random": Score(random),
    "snip": Score(snip, data=True),
    "synflow": Score(synflow, density=True),
    "taylor": Score(taylor, data=True),
}


def score_by_name(name: str, options: Mapping[str, Any] | None = None) -> Score:
    """Find a score and check its options, as a blueprint's validation needs it.

    Options are whole numbers from 1 or numbers above 0, as their defaults are.

    Raises:
        UnknownName: an unknown score or option, naming the nearest ones.
        TaskError: an option's value is not allowed.
    """
    if name not in SCORES:
        raise unknown("pruning score", name, SCORES)
    valid = inspect.signature(SCORES[name].function).parameters
    for option, value in (options or {}).items():
        if option not in list(valid)[1:]:
            raise unknown(f"option of pruning score {name!r}", option, list(valid)[1:])
        check = check_whole if isinstance(valid[option].default, int) else check_positive
        check(f"option {option!r} of pruning score {name!r}", value)
    return SCORES[name]


def score(name: str, context: ScoringContext, **options: Any) -> tuple[Tensor, ...]:
    """Score every weight; larger is kept.

    Returns:
        One tensor for each layer, of its weight's shape. Entries of pruned weights mean nothing.
    Raises:
        UnknownName: an unknown score or option.
        TaskError: an option's value is not allowed, or the context lacks what the score needs.
    """
    found = score_by_name(name, options)
    if found.initial and context.initial is None:
        raise TaskError(f"pruning score {name!r} compares with the weights at initialisation, which are not kept")
    if found.links and len(context.links) != len(context.layers):
        raise TaskError(
            f"pruning score {name!r} needs one link for each of {len(context.layers)} layers; "
            f"it was given {len(context.links)}"
        )
    if found.density and context.density is None:
        raise TaskError(f"pruning score {name!r} prunes in rounds and needs the density to end at")
    return found.function(context, **options)
