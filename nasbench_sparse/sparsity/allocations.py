"""Allocations: how many weights each layer keeps.

An allocation is a function of a `Demand` and keyword options that gives one count for each layer, with an exact
total. A layer that has fewer weights left than its share keeps them all, and the others share the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.apportionment import bisect, round_exactly, saturate
from nasbench_sparse.sparsity.masks import alive_counts, keep_top_alive


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What is to be distributed.

    Args:
        scores: one tensor for each layer; larger is kept.
        masks: boolean, of the same shapes; True is alive.
        sizes: weights of each layer that the kept part is a fraction of: all of them, or those alive.
        total: weights to keep over all layers; at most those alive.
    """

    scores: Sequence[Tensor]
    masks: Sequence[Tensor]
    sizes: tuple[int, ...]
    total: int

    @property
    def alive(self) -> list[int]:
        """Weights alive in each layer."""
        return alive_counts(self.masks)

    @property
    def shapes(self) -> list[torch.Size]:
        """Shape of each layer's weight."""
        return [mask.shape for mask in self.masks]


def uniform(demand: Demand) -> list[int]:
    """Give all layers the same density, to within a weight."""
    return round_exactly(saturate(demand.sizes, demand.alive, demand.total), demand.alive, demand.total)


def global_(demand: Demand) -> list[int]:
    """Keep the highest scores wherever they are; ties keep the earlier layer, then the lower flat index."""
    scores = torch.cat([score.flatten() for score in demand.scores])
    kept = keep_top_alive(scores, torch.cat([mask.flatten() for mask in demand.masks]), demand.total)
    return [int(part.sum()) for part in torch.split(kept, [mask.numel() for mask in demand.masks])]


def erk(demand: Demand) -> list[int]:
    """Give a layer a density proportional to the sum of its weight's dimensions over their product.

    References:
        Evci et al. (2020), "Rigging the lottery", section 3 (Erdos-Renyi-Kernel); Mocanu et al. (2018).
    """
    weights = [float(sum(shape)) for shape in demand.shapes]
    return round_exactly(saturate(weights, demand.alive, demand.total), demand.alive, demand.total)


def lap_rates(shapes: Sequence[Sequence[int]]) -> tuple[float, ...]:
    """Return the fraction of each layer that lookahead pruning removes in one published cycle.

    50 % of a hidden and 25 % of the last layer of a perceptron; with convolutions 15 % of each of them, 20 % of
    a hidden linear layer and 10 % of the last one.

    References:
        Park et al. (2020), section 3, its perceptron, Conv-6 and VGG. (LeNet-5 has other rates there, and the
        first convolution of a ResNet is not pruned: give such rates themselves.)
    """
    convolutional = any(len(shape) > 2 for shape in shapes)
    hidden, last = (0.2, 0.1) if convolutional else (0.5, 0.25)
    return (*(0.15 if len(shape) > 2 else hidden for shape in shapes[:-1]), last)


def lap(demand: Demand, rates: Sequence[float] | None = None) -> list[int]:
    """Keep (1 - rate)^t of each layer, t being the number of cycles, not whole, that meets the total.

    Args:
        rates: fraction that a cycle removes from each layer; `lap_rates` by default.
    Raises:
        TaskError: a wrong number of rates, a rate outside [0, 1), or layers of rate 0 that alone exceed the total.
    """
    rates = lap_rates(demand.shapes) if rates is None else rates
    if len(rates) != len(demand.sizes) or not all(0.0 <= rate < 1.0 for rate in rates):
        raise TaskError(
            f"distribution 'lap' takes a rate in [0, 1) for each of {len(demand.sizes)} layers: {rates}"
        )
    alive = demand.alive
    fixed = sum(a for a, rate in zip(alive, rates, strict=True) if 1.0 - rate == 1.0)
    if fixed > demand.total:
        raise TaskError(
            f"distribution 'lap': layers of rate 0 hold {fixed} weights, more than the {demand.total} kept"
        )

    def shares(cycles: float) -> list[float]:
        kept = zip(demand.sizes, alive, rates, strict=True)
        return [min(float(a), size * (1.0 - rate) ** cycles) for size, a, rate in kept]

    return round_exactly(bisect(shares, demand.total), alive, demand.total)


def smart(demand: Demand, linear_density: float = 0.3, depth_divided: bool = False) -> list[int]:
    """Keep a fixed density of linear layers; convolution l of L layers gets (L-l+1)² + (L-l+1) parts of the rest.

    Parts are densities; a convolution that would exceed its size is kept whole and the others share what is left
    (the published code hands it to the first ones with room).

    Args:
        linear_density: the paper's 0.3.
        depth_divided: divide the parts by l², as the paper does for VGG.
    Raises:
        TaskError: a linear density outside [0, 1], or one that leaves convolutions too little or too much.
    References:
        Su et al. (2020), "Sanity-checking pruning methods: random tickets can win the jackpot", section 4.
    """
    if not 0.0 <= linear_density <= 1.0:
        raise TaskError(f"distribution 'smart': linear density {linear_density} lies outside [0, 1]")
    layers = list(zip(demand.shapes, demand.sizes, demand.alive, strict=True))
    kept = [min(a, round(linear_density * size)) if len(shape) == 2 else 0 for shape, size, a in layers]
    capacities = [a if len(shape) > 2 else 0 for shape, _, a in layers]
    rest = demand.total - sum(kept)
    if not 0 <= rest <= sum(capacities):
        raise TaskError(
            f"distribution 'smart' keeps {sum(kept)} weights of linear layers; the other {rest} of {demand.total} "
            f"do not fit into convolutions with {sum(capacities)}"
        )
    depth = len(layers)
    parts = [
        ((depth - i) ** 2 + (depth - i)) / ((i + 1) ** 2 if depth_divided else 1) * size if len(shape) > 2 else 0.0
        for i, (shape, size, _) in enumerate(layers)
    ]
    convolutions = round_exactly(saturate(parts, capacities, rest), capacities, rest)
    return [a + b for a, b in zip(kept, convolutions, strict=True)]
