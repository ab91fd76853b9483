"""An activation cell, forward and backward, over a hand-written module of the same formula, on one thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import thread_time

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.measurement import Measurement, medians
from nasbench_sparse.core.blueprint import Activation, Cell, Operator
from nasbench_sparse.nn.activations import build

BOUNDED = Cell(("silu", "gelu", "gelu", "square"), ("multiply", "maximum"))

BY_HAND: dict[str, tuple[Activation, Callable[[Tensor], Tensor]]] = {
    "grafs-rn-4": (Operator("grafs-rn-4"), lambda x: 0.4756 * F.relu(x) + 0.5244 * F.gelu(x)),
    "grafs-vit-1": (
        Operator("grafs-vit-1"),
        lambda x: 0.6601 * F.gelu(F.silu(x) * F.gelu(x)) + 0.3399 * torch.square(x),
    ),
    "grafs-gpt-3": (Operator("grafs-gpt-3"), lambda x: (0.4662 * torch.sinh(x) + 0.5338) * F.gelu(x)),
    "bounded": (
        BOUNDED,
        lambda x: torch.maximum(
            F.gelu((F.silu(x).clamp(max=10) * F.gelu(x).clamp(max=10)).clamp(-10, 10)).clamp(max=10),
            torch.square(x).clamp(max=10),
        ),
    ),
}


def measure(*, numbers: int = 1 << 19, repetitions: int = 15) -> list[Measurement]:
    """Time every cell on a tensor of so many numbers."""
    torch.set_num_threads(1)
    return [_measure(name, numbers, repetitions) for name in BY_HAND]


def _measure(name: str, numbers: int, repetitions: int) -> Measurement:
    activation, by_hand = BY_HAND[name]
    x = torch.randn(64, numbers // 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    module = build(activation, 1)
    contenders = (partial(_seconds, module, x), partial(_seconds, by_hand, x))
    ours, theirs = medians(*contenders, repetitions=repetitions)
    what = f"thread seconds of forward and backward on {numbers} numbers; by hand {1e3 * theirs:.3g} ms"
    return Measurement(f"cell {name} / by hand", ours / theirs, "x time", 1.5, "", None, what)


def _seconds(function: Callable[[Tensor], Tensor], x: Tensor) -> float:
    started = thread_time()
    y = function(x)
    torch.autograd.grad(y, x, torch.ones_like(y))
    return thread_time() - started
