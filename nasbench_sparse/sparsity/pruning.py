"""Layer-wise pruning: a score and a density for each layer make masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from nasbench_sparse.core.blueprint import Prune
from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.masks import keep_top
from nasbench_sparse.sparsity.scores import score_by_name


def prune_layers(
    phase: Prune,
    layers: Sequence[tuple[str, Tensor]],
    masks: Sequence[Tensor],
    stream: Callable[[str], np.random.Generator],
) -> tuple[Tensor, ...]:
    """Prune each layer to its density; what is pruned already stays pruned.

    Args:
        layers: name and weight of each prunable layer, in forward order.
        masks: the masks so far.
        stream: gives a layer's generator by its name; the same one at any density, so that masks are nested.
    Returns:
        One boolean mask for each layer, of round(density * n) weights.
    Raises:
        TaskError: a wrong number of densities, naming the layers.
    """
    names = [name for name, _ in layers]
    densities = phase.densities * len(layers) if len(phase.densities) == 1 else phase.densities
    if len(densities) != len(layers):
        raise TaskError(
            f"{len(densities)} densities for {len(layers)} prunable layers ({', '.join(names)}); "
            "give one for each layer or a single one for all"
        )
    score = score_by_name(phase.score)
    return tuple(
        keep_top(score(weight, stream(name)).masked_fill(~mask, -float("inf")), density) & mask
        for (name, weight), mask, density in zip(layers, masks, densities, strict=True)
    )
