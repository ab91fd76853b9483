"""Activations of several slots at once: one function of x (k, B, units) for slots whose activations are alike.

Parameters reach it as tensors with a leading slot dimension, so the modules of `nasbench_sparse.nn` serve as they
are; only PReLU and SReLU, whose parameters have a unit dimension, are written for three dimensions here.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Activation, Cell, Operator
from nasbench_sparse.nn.operators import FUNCTIONS, Pointwise, Scaled, SReLU
from nasbench_sparse.training.stacked.composites import COMPOSITES

UNIT_PARAMETERS = ("left_threshold", "left_slope", "right_offset", "right_slope")
"""Parameters of SReLU, one value for each unit; all others are single numbers."""


def is_of_units(name: str) -> bool:
    """Return whether the parameter called `name` has one value for each unit."""
    return name.rpartition(".")[2] in UNIT_PARAMETERS


def kind(activation: Activation) -> Activation:
    """Return what activations have in common that are evaluated together.

    That is all but the values of a cell's frozen gammas, and whether an operator without parameters is scaled.
    """
    if isinstance(activation, Operator) and activation.name in FUNCTIONS:
        return Operator(activation.name)
    if isinstance(activation, Cell):
        return Cell(
            activation.unary,
            activation.binary,
            tuple((name, 0.0) for name, _ in sorted(activation.gammas)),
            activation.bounded,
        )
    return activation


class StackedActivation:
    """The activation of slots of one kind, without alpha and beta.

    Args:
        modules: the slots' own activations.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        modules = [module.inner if isinstance(module, Scaled) else module for module in modules]
        self._module = _for_three_dimensions(deepcopy(modules[0]))
        self._targets: list[tuple[nn.Module, str, bool]] = []
        for name, _ in list(self._module.named_parameters()):
            owner, attribute = _owner(self._module, name)
            del owner._parameters[attribute]
            self._targets.append((owner, attribute, is_of_units(name)))
        self.numbers = any(not with_units for *_, with_units in self._targets)
        self.vectors = any(with_units for *_, with_units in self._targets)
        for name, _ in list(self._module.named_buffers()):
            owner, attribute = _owner(self._module, name)
            values = torch.stack([module.get_buffer(name) for module in modules])
            owner.register_buffer(attribute, values.view(-1, 1, 1))

    def __call__(self, x: Tensor, numbers: Sequence[Tensor], of_units: Sequence[Tensor]) -> Tensor:
        """Evaluate at x (k, B, units), given the parameters of shape (k, 1, 1) and those of shape (k, 1, units)."""
        single, wide = iter(numbers), iter(of_units)
        for owner, attribute, with_units in self._targets:
            setattr(owner, attribute, next(wide if with_units else single))
        y: Tensor = self._module(x)
        return y


def _owner(module: nn.Module, name: str) -> tuple[nn.Module, str]:
    path, _, attribute = name.rpartition(".")
    return module.get_submodule(path), attribute


def _for_three_dimensions(module: nn.Module) -> nn.Module:
    if isinstance(module, nn.PReLU):
        return _PReLU(module)
    if isinstance(module, SReLU):
        return _SReLU(module)
    if isinstance(module, Pointwise):
        module.function = COMPOSITES.get(module.name, module.function)
    return module


class _PReLU(nn.Module):
    weight: Tensor

    def __init__(self, source: nn.PReLU) -> None:
        super().__init__()
        self.weight = source.weight

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, self.weight * x)


class _SReLU(nn.Module):
    """See `nasbench_sparse.nn.operators.SReLU`."""

    left_threshold: Tensor
    left_slope: Tensor
    right_offset: Tensor
    right_slope: Tensor

    def __init__(self, source: SReLU) -> None:
        super().__init__()
        for name, parameter in source.named_parameters():
            self.register_parameter(name, parameter)

    def forward(self, x: Tensor) -> Tensor:
        left = self.left_threshold
        right = left + self.right_offset.abs()
        above = right + self.right_slope * (x - right)
        below = left + self.left_slope * (x - left)
        return torch.where(x >= right, above, torch.where(x <= left, below, x))
