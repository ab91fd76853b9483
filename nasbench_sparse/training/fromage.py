"""Fromage: steps relative to the weights' norm."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch.optim import Optimizer


class Fromage(Optimizer):
    """w <- (w - lr * g * ||w|| / ||g||) / sqrt(1 + lr^2), tensor by tensor; plain lr * g where a norm is zero.

    With masked gradients and weights, pruned entries enter neither norm and stay zero.

    References:
        Bernstein et al. (2020), "On the distance between two neural networks and the stability of learning".
    """

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step."""
        for group in self.param_groups:
            rate = group["lr"]
            shrink = 1.0 / math.sqrt(1.0 + rate * rate)
            for p in group["params"]:
                if p.grad is None:
                    continue
                gradient = p.grad.add(p, alpha=group["weight_decay"]) if group["weight_decay"] else p.grad
                weight_norm, gradient_norm = float(p.norm()), float(gradient.norm())
                relative = weight_norm / gradient_norm if weight_norm and gradient_norm else 1.0
                p.add_(gradient, alpha=-rate * relative).mul_(shrink)
