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

Function = Callable[[Tensor], Tensor]


def _vit(share: float) -> Function:
    return lambda x: share * F.gelu(F.silu(x) * F.gelu(x)) + (1 - share) * torch.square(x)


def _squared(share: float) -> Function:
    return lambda x: share * torch.square(y := F.relu(x)) + (1 - share) * y


PUBLISHED: dict[str, Function] = {
    "grafs-rn-1": lambda x: 0.4739 * F.leaky_relu(F.leaky_relu(x)) + 0.5261 * F.gelu(x),
    "grafs-rn-2": lambda x: 0.5163 * F.leaky_relu(0.4945 * F.relu(x) + 0.5055 * (y := F.gelu(x))) + 0.4837 * y,
    "grafs-rn-3": lambda x: 0.4865 * F.gelu(0.4873 * F.relu(x) + 0.5127 * (y := F.gelu(x))) + 0.5135 * y,
    "grafs-rn-4": lambda x: 0.4756 * F.relu(x) + 0.5244 * F.gelu(x),
    "grafs-rn-5": lambda x: (
        0.4591 * F.leaky_relu(0.5267 * F.leaky_relu(x) + 0.4733 * (y := F.gelu(x))) + 0.5409 * y
    ),
    "grafs-vit-1": _vit(0.6601),
    "grafs-vit-2": lambda x: 0.7322 * F.silu(0.2822 * (y := torch.square(x)) + 0.7178 * F.gelu(x)) + 0.2678 * y,
    "grafs-vit-3": _vit(0.7319),
    "grafs-vit-4": _vit(0.6778),
    "grafs-vit-5": lambda x: 0.3139 * torch.square(x) + 0.5431 * F.gelu(x),
    "grafs-gpt-1": lambda x: 0.4953 * F.leaky_relu(x) * F.gelu(x) + 0.5047 * F.relu(x),
    "grafs-gpt-2": lambda x: (0.4689 * F.gelu(x) + 0.5311) * F.relu(x),
    "grafs-gpt-3": lambda x: (0.4662 * torch.sinh(x) + 0.5338) * F.gelu(x),
    "grafs-gpt-4": _squared(0.4781),
    "grafs-gpt-5": _squared(0.4828),
}
"""GRAFS, equations 2 to 4; what stands twice in a formula is evaluated once, as in the cell."""

BY_HAND: dict[str, tuple[Activation, Function]] = {
    **{name: (Operator(name), function) for name, function in PUBLISHED.items()},
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


def _seconds(function: Function, x: Tensor) -> float:
    started = thread_time()
    y = function(x)
    torch.autograd.grad(y, x, torch.ones_like(y))
    return thread_time() - started
