"""Small networks and contexts for the tests of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbench_sparse.sparsity.context import ScoringContext

Batch = tuple[Tensor, Tensor]


def layers_of(network: nn.Module) -> list[tuple[str, Tensor]]:
    """Return name and weight of each layer with a weight of at least two dimensions."""
    return [
        (name, module.weight)
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]


def context_of(network: nn.Module, batches: Sequence[Batch] = (), **fields: Any) -> ScoringContext:
    """Return a context of a dense network."""
    layers = layers_of(network)
    masks = [torch.ones_like(weight, dtype=torch.bool) for _, weight in layers]
    given: dict[str, Any] = {"masks": masks, "stream": stream(), **fields}

    def again() -> Iterator[Batch]:
        return iter(batches)

    return ScoringContext(network=network, layers=layers, batches=again, **given)


def stream(seed: int = 0) -> Callable[[str], np.random.Generator]:
    """Return generators by layer name, in a way that does not depend on the process."""
    return lambda name: np.random.default_rng([seed, *name.encode()])


def drawn(network: nn.Module, seed: int = 0) -> nn.Module:
    """Draw all parameters from a normal distribution, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2)
    return network


def batch(seed: int, samples: int, *shape: int, classes: int = 3) -> Batch:
    """Draw a batch of inputs in double precision and targets."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn((samples, *shape), generator=generator, dtype=torch.float64)
    return x, torch.randint(classes, (samples,), generator=generator)
