"""Builds the module of an activation site from its description."""

from __future__ import annotations

import torch
from torch import nn

from nasbench_sparse.core.blueprint import Activation, Cell
from nasbench_sparse.nn.cell import ActivationCell
from nasbench_sparse.nn.operators import build_operator


def build(activation: Activation, units: int, generator: torch.Generator | None = None) -> nn.Module:
    """Build the activation of one site.

    Args:
        activation: an operator by name, or a cell.
        units: units or channels at the site (dimension 1 of its input, which is (batch, units, ...)).
        generator: source of random initial parameters; only srelu has any.
    Returns:
        A module that keeps its input's shape.
    Raises:
        UnknownName: the operator or one of the cell's operations has no such name; the nearest are given.
        NbsError: srelu without a generator.
    """
    if isinstance(activation, Cell):
        return ActivationCell(activation)
    return build_operator(activation, units, generator)
