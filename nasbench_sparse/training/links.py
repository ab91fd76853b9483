"""Gives scores the layers' neighbours, with the normalisations' tensors in place of their names."""

from __future__ import annotations

from torch import nn

from nasbench_sparse.nn.structure import chain
from nasbench_sparse.sparsity.links import FoldedNorm, LayerLink


def links_of(network: nn.Module) -> tuple[LayerLink, ...]:
    """Return one link for each prunable layer of a network, in forward order."""
    modules = dict(network.named_modules())
    return tuple(
        LayerLink(
            link.name,
            link.previous,
            link.next,
            None if link.batch_norm is None else _folded(modules[link.batch_norm]),
            link.flatten,
            link.groups,
        )
        for link in chain(network)
    )


def _folded(norm: nn.Module) -> FoldedNorm:
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return FoldedNorm(norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.eps)
