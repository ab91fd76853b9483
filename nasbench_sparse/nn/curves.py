"""Values and derivatives of an activation, for plots."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from nasbench_sparse.core.blueprint import Activation
from nasbench_sparse.nn.activations import build

Floats = npt.NDArray[np.float64]


def curve(activation: Activation, low: float = -5.0, high: float = 5.0, points: int = 501) -> tuple[Floats, ...]:
    """Return x, y and dy/dx, each (points,), as float64; constants that train are at their start."""
    module = build(activation, 1, torch.Generator().manual_seed(0)).double()
    x = torch.linspace(low, high, points, dtype=torch.float64).requires_grad_()
    y = module(x.unsqueeze(1)).squeeze(1)
    (slope,) = torch.autograd.grad((y + 0.0 * x).sum(), x)
    return x.detach().numpy(), y.detach().numpy(), slope.numpy()
