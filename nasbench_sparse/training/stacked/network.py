"""The forward and backward pass of K perceptrons at once, by batched matrix products."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from nasbench_sparse.training.stacked.norm import StackedNorm
from nasbench_sparse.training.stacked.site import Site


@dataclass(slots=True)
class Layer:
    """Linear layers of all slots: (K, out, in) weights and (K, out) biases, views of values and gradients.

    Args:
        mask: (K, out, in), 0.0 where a weight is pruned and 1.0 elsewhere.
    """

    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor
    mask: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Return x (K, B, in) times weights plus biases, (K, B, out)."""
        return torch.baddbmm(self.bias.unsqueeze(1), x, self.weight.transpose(1, 2))

    def learn(self, x: Tensor, gradient: Tensor) -> None:
        """Write the gradients of weights (those of pruned ones are zero) and biases."""
        torch.mul(torch.bmm(gradient.transpose(1, 2), x), self.mask, out=self.weight_gradient)
        torch.sum(gradient, 1, out=self.bias_gradient)

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient at the input."""
        return torch.bmm(gradient, self.weight)


@dataclass(slots=True)
class StackedMLP:
    """See `nasbench_sparse.nn.networks.MLP`; batches are (K, B, inputs), of which `real` rows are no padding.

    Args:
        norms: one for each site, or none at all.
        sites: one for each layer but the last.
    """

    layers: list[Layer]
    norms: list[StackedNorm]
    sites: list[Site]
    skip: bool
    _inputs: list[Tensor] = field(default_factory=list)

    @torch.no_grad()
    def forward(self, x: Tensor, real: int, learn: bool) -> Tensor:
        """Return the logits, (K, B, classes)."""
        self._inputs = []
        kept: Tensor | None = None
        for i, site in enumerate(self.sites):
            self._inputs.append(x)
            x = self.layers[i].forward(x)
            if self.norms:
                x = self.norms[i].train(x, real) if learn else self.norms[i].evaluate(x)
            if self.skip and i % 2 == 0:
                x = x if kept is None else x.add_(kept)
            x = site.forward(x, learn)
            kept = x if i % 2 == 0 else kept
        self._inputs.append(x)
        return self.layers[-1].forward(x)

    @torch.no_grad()
    def backward(self, gradient: Tensor, real: int) -> None:
        """Write the gradients of all parameters, given that of the logits of the last forward pass."""
        self.layers[-1].learn(self._inputs[-1], gradient)
        gradient = self.layers[-1].backward(gradient)
        through_skip: Tensor | None = None
        for i in reversed(range(len(self.sites))):
            if through_skip is not None and i % 2 == 0:
                gradient = gradient + through_skip
            gradient = self.sites[i].backward(gradient)
            through_skip = gradient if self.skip and i % 2 == 0 else through_skip
            if self.norms:
                gradient = self.norms[i].backward(gradient, real)
            self.layers[i].learn(self._inputs[i], gradient)
            if i:
                gradient = self.layers[i].backward(gradient)
        self._inputs = []
