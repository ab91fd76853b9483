"""Continuous activations: weighted sums over the operations that a gradient-based search still considers.

References:
    GRAFS (Strack et al., 2024), sections 3.1 and 3.3; SAFS (Loni et al., 2023), table 4, for the operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbench_sparse.core.operations import CELL_EDGES, GAMMA_OPERATIONS
from nasbench_sparse.core.space import Relaxation
from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.dirichlet import Architecture
from nasbench_sparse.nn.mixture import Mixture
from nasbench_sparse.nn.recomputed import CellPiece, OperatorPiece, recomputed


@dataclass(frozen=True, slots=True)
class Draw:
    """What one evaluation of a site uses.

    Args:
        weights: of every operation, (edges, operations), 0 where it does not survive.
        gammas: constants, (edges, operations).
        survivors: for each edge the operations that are evaluated, as indices.
    """

    weights: Tensor
    gammas: Tensor
    survivors: tuple[tuple[int, ...], ...]


class MixedSite(nn.Module):
    """An activation site of the supernet. It owns no parameter: `draw` is put there before each evaluation."""

    def __init__(self, operations: tuple[tuple[str, ...], ...], bounded: bool) -> None:
        super().__init__()
        self.operations = operations
        self.bounded = bounded
        self.draw: Draw | None = None

    def drawn(self) -> Draw:
        """Return the current draw."""
        assert self.draw is not None, "a supernet's sites are given their weights before it is evaluated"
        return self.draw

    def learnt(self) -> tuple[Tensor, Tensor]:
        """Return the weights and gammas that gradients reach."""
        return self.drawn().weights, self.drawn().gammas

    def mixture(self) -> Mixture:
        """Return what the site sums under the current draw."""
        draw = self.drawn()
        weights, gammas = draw.weights.tolist(), draw.gammas.tolist()
        return Mixture(self.operations, draw.survivors, self.bounded, weights, gammas)


class MixedCell(MixedSite):
    """The GRAFS cell with every edge and vertex a weighted sum of its surviving operations.

    The edges u1, u2 and u4 see the same input, so an operation without gamma is evaluated once for all three.
    """

    def forward(self, x: Tensor) -> Tensor:
        return recomputed(CellPiece, self.mixture(), 0, x, self.learnt())


class MixedOperator(MixedSite):
    """The weighted sum of one layer's surviving operators, each clipped to magnitude 10 if bounded."""

    def __init__(self, operations: tuple[tuple[str, ...], ...], bounded: bool, layer: int) -> None:
        super().__init__(operations, bounded)
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return recomputed(OperatorPiece, self.mixture(), self.layer, x, self.learnt())


def build_sites(relaxation: Relaxation, count: int, bounded: bool) -> list[MixedSite]:
    """Build the mixed activations of a network with `count` sites.

    Raises:
        TaskError: no site, a chromosome whose length is not the number of sites, or an unknown kind of relaxation.
    """
    if count == 0:
        raise TaskError("the network has no activation site, so there is nothing to search")
    if relaxation.kind == "cell":
        return [MixedCell(relaxation.operations, bounded) for _ in range(count)]
    if relaxation.kind != "chromosome":
        raise TaskError(f"relaxation {relaxation.kind!r} has no supernet; 'cell' and 'chromosome' have one")
    if len(relaxation.edges) != count:
        raise TaskError(f"a chromosome of {len(relaxation.edges)} operators relaxes no network of {count} sites")
    return [MixedOperator(relaxation.operations, bounded, layer) for layer in range(count)]


def build_architecture(relaxation: Relaxation, generator: torch.Generator, *, sampled: bool = True) -> Architecture:
    """Build the distribution over a relaxation's edges; gammas start at N(1, variance 0.25), that of mix at 0.

    Args:
        sampled: Dirichlet samples (DrNAS), or the softmax of `a` as the weights themselves (DARTS).
    """
    sizes = [len(names) for names in relaxation.operations]
    gammas = 1.0 + 0.5 * torch.randn(len(sizes), max(sizes), generator=generator)
    for edge, names in enumerate(relaxation.operations):
        for k, name in enumerate(names):
            if name == "mix":
                gammas[edge, k] = 0.0
    return Architecture(sizes, gammas, generator, sampled=sampled)


def resample(
    sites: Sequence[MixedSite],
    architecture: Architecture,
    generator: torch.Generator,
    *,
    independent: bool = True,
    learn: bool = True,
) -> None:
    """Draw new weights for every site.

    Args:
        independent: an independent sample for each site (GRAFS's variance reduction), or one for all.
        learn: whether gradients reach `a` and the gammas.
    """
    with torch.set_grad_enabled(learn):
        weights = architecture.sample(len(sites) if independent else 1, generator)
    gammas = architecture.gammas if learn else architecture.gammas.detach()
    survivors = architecture.survivors()
    for i, site in enumerate(sites):
        site.draw = Draw(weights[i if independent else 0], gammas, survivors)


def set_to_mean(sites: Sequence[MixedSite], architecture: Architecture) -> None:
    """Give every site the expected weights."""
    draw = Draw(architecture.mean(), architecture.gammas.detach(), architecture.survivors())
    for site in sites:
        site.draw = draw


def set_to_best(sites: Sequence[MixedSite], architecture: Architecture) -> None:
    """Make every site discrete: of each edge the surviving operation of the highest `a`."""
    best = architecture.best()
    weights = F.one_hot(torch.tensor(best), architecture.a.shape[1]).to(architecture.a.dtype)
    draw = Draw(weights, architecture.gammas.detach(), tuple((k,) for k in best))
    for site in sites:
        site.draw = draw


def derived_config(relaxation: Relaxation, architecture: Architecture) -> dict[str, str | float]:
    """Return the discrete config: of each edge the surviving operation of the highest `a`, and its gamma."""
    config: dict[str, str | float] = {}
    for edge, best in enumerate(architecture.best()):
        name = relaxation.operations[edge][best]
        config[relaxation.edges[edge]] = name
        if relaxation.kind == "cell" and name in GAMMA_OPERATIONS:
            config[f"gamma_{CELL_EDGES[edge]}"] = float(architecture.gammas[edge, best].detach())
    return config
