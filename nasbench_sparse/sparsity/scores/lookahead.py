"""LAP: the lookahead score, magnitude times the norms of what a weight is connected to."""

from __future__ import annotations

import torch
from torch import Tensor

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.context import ScoringContext
from nasbench_sparse.sparsity.links import LayerLink


def _inputs(weight: Tensor, link: LayerLink) -> int:
    """Channels that a layer reads, before they are flattened."""
    return weight.shape[1] * link.groups // link.flatten


def _norm_scale(link: LayerLink, like: Tensor) -> Tensor:
    """Return b² for each output channel, b = γ / sqrt(running_var + eps)."""
    return torch.ones_like(like) if link.batch_norm is None else link.batch_norm.scale.square()


def _before(index: int, weights: list[Tensor], links: tuple[LayerLink, ...]) -> Tensor:
    """Return for each input channel the squared norm of what writes it, (channels,)."""
    weight, link = weights[index], links[index]
    total = weight.new_zeros(_inputs(weight, link))
    if not link.previous:
        return total + 1.0
    for i in link.previous:
        rows = weights[i].square().flatten(1).sum(1)  # (channels,)
        total += rows * _norm_scale(links[i], rows)
    return total


def _columns(index: int, weights: list[Tensor], links: tuple[LayerLink, ...]) -> Tensor:
    """Return for each input channel of a layer the squared norm of the weights that read it, (channels,)."""
    weight, link = weights[index], links[index]
    grouped = weight.square().reshape(link.groups, len(weight) // link.groups, weight.shape[1], -1)
    return grouped.sum((1, 3)).view(-1, link.flatten).sum(1)  # (groups, in / groups) -> (channels,)


def _after(index: int, weights: list[Tensor], links: tuple[LayerLink, ...]) -> Tensor:
    """Return for each output channel the squared norm of what reads it, (out,)."""
    total = weights[index].new_zeros(len(weights[index]))
    if not links[index].next:
        return total + 1.0
    for i in links[index].next:
        total += _columns(i, weights, links)
    return total * _norm_scale(links[index], total)


def _check(weights: list[Tensor], links: tuple[LayerLink, ...]) -> None:
    for weight, link in zip(weights, links, strict=True):
        for i in link.previous:
            if len(weights[i]) != _inputs(weight, link):
                raise TaskError(
                    f"lookahead scores: layer {link.name!r} reads {_inputs(weight, link)} channels, but its "
                    f"previous layer {links[i].name!r} writes {len(weights[i])}"
                )


def _layer(index: int, weights: list[Tensor], links: tuple[LayerLink, ...]) -> Tensor:
    weight, link = weights[index], links[index]
    before = _before(index, weights, links).repeat_interleave(link.flatten)  # (in,)
    rows = len(weight) // link.groups  # rows of a group read the same channels
    before = before.view(link.groups, -1).repeat_interleave(rows, 0)  # (out, in / groups)
    kernel = (1,) * (weight.dim() - 2)
    after = _after(index, weights, links).view(-1, 1, *kernel)
    return weight.square() * before.view(*before.shape, *kernel) * after


@torch.no_grad()
def lap(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score W[j,k] of layer i by W[j,k]² · ||W_{i-1}[k,:]||² · ||W_{i+1}[:,j]||², a missing neighbour counting 1.

    A BatchNorm in evaluation mode is folded in as a factor b = γ / sqrt(running_var + eps) of its channel:
    b_{i-1}[k]² in the previous term, b_i[j]² in the next one. Norms over several neighbours add up, at a
    shortcut for instance. In a grouped or depthwise convolution a channel meets only its own group. The score
    compares weights within one layer; it is in double precision, where small weights have no square of zero.

    Raises:
        TaskError: links that contradict the shapes, naming the layer.
    References:
        Park et al. (2020), "Lookahead: a far-sighted alternative of magnitude-based pruning", equation 5, and
        appendix for BatchNorm and residual connections.
    """
    weights, links = [weight.detach().double() for weight in context.weights], tuple(context.links)
    _check(weights, links)
    return tuple(_layer(index, weights, links) for index in range(len(weights)))
