"""Pruning scores: the importance of each weight; larger is kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from nasbench_sparse.errors import unknown

Score = Callable[[Tensor, np.random.Generator], Tensor]


def magnitude(weight: Tensor, rng: np.random.Generator) -> Tensor:
    """Score a weight by |w|."""
    return weight.detach().abs()


def random(weight: Tensor, rng: np.random.Generator) -> Tensor:
    """Score a weight by a uniform draw in double precision; equal generators give nested masks."""
    return torch.from_numpy(rng.random(weight.numel())).view(weight.shape)


SCORES: dict[str, Score] = {"magnitude": magnitude, "random": random}


def score_by_name(name: str) -> Score:
    """Find a score.

    Raises:
        UnknownName: naming the nearest ones.
    """
    if name not in SCORES:
        raise unknown("pruning score", name, SCORES)
    return SCORES[name]
