"""TAdam: Adam whose first moment is a Student-t estimate, robust to outlying gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class TAdam(Optimizer):
    """Adam with a first moment that weighs each gradient by its Student-t likelihood, tensor by tensor.

    With d entries, nu = k d and the moments m, v of the step before:
    w = (nu + d) / (nu + sum((g - m)^2 / (v + eps))), m <- (W m + w g) / (W + w),
    W <- (2 - 1/beta1) W + w, starting at beta1 / (1 - beta1). The rest is Adam's.

    Args:
        size: the number of trained entries d of a parameter, pruned ones left out.
        degrees: k, degrees of freedom per entry.

    References:
        Ilboudo et al. (2020), "TAdam: a robust stochastic gradient optimizer", algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        degrees: float = 1.0,
        size: Callable[[nn.Parameter], int] = Tensor.numel,
    ) -> None:
        defaults = {"lr": lr, "weight_decay": weight_decay, "betas": betas, "eps": eps, "degrees": degrees}
        super().__init__(params, defaults)
        self._size = size

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None and self._size(p) > 0:
                    self._update(p, group)

    def _update(self, p: nn.Parameter, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        eps, d = group["eps"], self._size(p)
        gradient = p.grad
        assert gradient is not None
        if group["weight_decay"]:
            gradient = gradient.add(p, alpha=group["weight_decay"])
        state = self.state[p]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float64)
            state["exp_avg"] = torch.zeros_like(p)
            state["exp_avg_sq"] = torch.zeros_like(p)
            state["weight_sum"] = torch.full((), beta1 / (1.0 - beta1), dtype=torch.float64)
        state["step"] += 1.0
        step, total = float(state["step"]), float(state["weight_sum"])
        m, v = state["exp_avg"], state["exp_avg_sq"]

        nu = group["degrees"] * d
        distance = float(((gradient - m).square_() / (v + eps)).sum())
        weight = (nu + d) / (nu + distance)
        m.lerp_(gradient, weight / (total + weight))
        state["weight_sum"].fill_((2.0 - 1.0 / beta1) * total + weight)
        v.mul_(beta2).addcmul_(gradient, gradient, value=1.0 - beta2)
        denominator = (v / (1.0 - beta2**step)).sqrt_().add_(eps)
        p.addcdiv_(m, denominator, value=-group["lr"] / (1.0 - beta1**step))
