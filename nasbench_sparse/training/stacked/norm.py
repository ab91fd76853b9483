"""Batch normalisation of all slots: `torch.nn.BatchNorm1d`, slot by slot."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

EPSILON, MOMENTUM = 1e-5, 0.1  # torch's defaults


@dataclass(slots=True)
class StackedNorm:
    """Normalises x (K, B, units) over the first `real` of its B rows, the others being padding.

    Args:
        scale, shift: (K, units), views of the values.
        scale_gradient, shift_gradient: (K, units), views of the gradients.
        mean, variance: (K, units), running.
    """

    scale: Tensor
    shift: Tensor
    scale_gradient: Tensor
    shift_gradient: Tensor
    mean: Tensor
    variance: Tensor
    _kept: tuple[Tensor, Tensor] = field(default_factory=lambda: (torch.empty(0), torch.empty(0)))

    def train(self, x: Tensor, real: int) -> Tensor:
        """Normalise by the batch's own moments, and follow them with the running ones."""
        count = x[:, :real]
        mean = count.mean(1)
        variance = (count - mean.unsqueeze(1)).square_().mean(1)
        self.mean.lerp_(mean, MOMENTUM)
        self.variance.lerp_(variance * (real / max(1, real - 1)), MOMENTUM)
        inverse = (variance + EPSILON).rsqrt_().unsqueeze(1)
        normalised = (x - mean.unsqueeze(1)).mul_(inverse)
        self._kept = normalised, inverse
        return torch.addcmul(self.shift.unsqueeze(1), normalised, self.scale.unsqueeze(1))

    def evaluate(self, x: Tensor) -> Tensor:
        """Normalise by the running moments."""
        factor = (self.variance + EPSILON).rsqrt_().mul_(self.scale)
        return torch.addcmul((self.shift - self.mean * factor).unsqueeze(1), x, factor.unsqueeze(1))

    def backward(self, gradient: Tensor, real: int) -> Tensor:
        """Return the gradient at the input, zero in the padding; write those of scale and shift."""
        normalised, inverse = self._kept
        shifts = gradient.sum(1)
        scales = (gradient * normalised).sum(1)
        self.shift_gradient.copy_(shifts)
        self.scale_gradient.copy_(scales)
        centred = gradient - (shifts / real).unsqueeze(1)
        centred.addcmul_(normalised, (scales / real).unsqueeze(1), value=-1.0)
        centred[:, real:] = 0.0
        return centred.mul_(inverse * self.scale.unsqueeze(1))
