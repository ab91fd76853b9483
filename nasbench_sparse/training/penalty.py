"""Penalties on activations: terms of the training loss made of the outputs of all activation sites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from nasbench_sparse.core.recipe import ActivationPenalty
from nasbench_sparse.nn.sites import sites_of


@contextmanager
def site_outputs(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what the activation sites put out in each forward pass, in order, while this is entered."""
    outputs: list[Tensor] = []

    def collect(module: nn.Module, inputs: object, output: Tensor) -> None:
        outputs.append(output)

    handles = [site.register_forward_hook(collect) for site in sites_of(network).values()]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def penalty_of(penalty: ActivationPenalty, outputs: list[Tensor]) -> Tensor:
    """Return strength times the sum over sites of the mean over samples; see `ActivationPenalty`.

    A sample whose units are all zero counts 0.

    Args:
        outputs: one tensor for each site, (N, ...).
    """
    measure = _l1 if penalty.kind == "l1" else _hoyer
    total = torch.stack([measure(output.flatten(1).abs()).mean() for output in outputs]).sum()
    return penalty.strength * total


def _l1(size: Tensor) -> Tensor:
    return size.mean(1)  # (N, units) -> (N,)


def _hoyer(size: Tensor) -> Tensor:
    squares = size.square().sum(1)
    return size.sum(1).square() / (size.shape[1] * squares.clamp_min(torch.finfo(size.dtype).tiny))
