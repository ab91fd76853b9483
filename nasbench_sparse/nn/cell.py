"""The discrete GRAFS activation cell `b2(u3(b1(u1(x), u2(x))), u4(x))` as a module.

References:
    GRAFS (Strack et al., 2024), section 3.1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasbench_sparse.core import blueprint
from nasbench_sparse.core.operations import BINARY, CELL_EDGES, GAMMA_OPERATIONS, UNARY
from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.nn.operations import binary, unary


class ActivationCell(nn.Module):
    """A discrete cell. Branches that `left` or `right` discard are neither evaluated nor given a gamma.

    A gamma named in `cell.gammas` is a frozen buffer; one that is absent is a parameter, from 1 (mix from 0).

    Raises:
        TaskError: an edge or vertex without an operation, or operations too many.
        UnknownName: an operation or a gamma's choice has no such name; the nearest are given.
    """

    def __init__(self, cell: blueprint.Cell) -> None:
        super().__init__()
        self.operation = operations_of(cell)
        self.bounded = cell.bounded
        self.detached = _detached(cell)
        given = dict(cell.gammas)
        for edge in _live_edges(cell):
            if self.operation[edge] not in GAMMA_OPERATIONS:
                continue
            if edge in given:
                self.register_buffer(_gamma(edge), torch.tensor(given[edge]))
            else:
                start = 0.0 if self.operation[edge] == "mix" else 1.0
                self.register_parameter(_gamma(edge), nn.Parameter(torch.tensor(start)))

    def forward(self, x: Tensor) -> Tensor:
        shared: dict[str, Tensor] = {}  # outputs of operations without gamma on x, by name
        if self.operation["b2"] == "right":
            return self._of_input("u4", x, shared)
        if self.operation["b1"] == "left":
            inner = self._of_input("u1", x, shared)
        elif self.operation["b1"] == "right":
            inner = self._of_input("u2", x, shared)
        else:
            inner = self._binary("b1", self._of_input("u1", x, shared), self._of_input("u2", x, shared))
        middle = self._unary("u3", inner)
        if self.operation["b2"] == "left":
            return middle
        return self._binary("b2", middle, self._of_input("u4", x, shared))

    def _of_input(self, edge: str, x: Tensor, shared: dict[str, Tensor]) -> Tensor:
        name = self.operation[edge]
        if name in GAMMA_OPERATIONS:
            return self._unary(edge, x.detach() if edge in self.detached else x)
        if name not in shared:
            shared[name] = self._unary(edge, x)
        return shared[name]

    def _unary(self, edge: str, x: Tensor) -> Tensor:
        gamma = getattr(self, _gamma(edge), None)
        return unary(self.operation[edge], x, gamma, bounded=self.bounded)

    def _binary(self, vertex: str, left: Tensor, right: Tensor) -> Tensor:
        gamma = getattr(self, _gamma(vertex), None)
        return binary(self.operation[vertex], left, right, gamma, bounded=self.bounded)

    def extra_repr(self) -> str:
        return ", ".join(f"{edge}={name}" for edge, name in self.operation.items())


def _gamma(edge: str) -> str:
    return f"gamma_{edge}"


def operations_of(cell: blueprint.Cell) -> dict[str, str]:
    """Return the operation of each edge and vertex.

    Raises:
        TaskError, UnknownName: see `ActivationCell`.
    """
    for choice, _ in cell.gammas:
        if choice not in CELL_EDGES:
            raise unknown("choice of an activation cell", choice, CELL_EDGES)
    for names, valid, kind, edges in (
        (cell.unary, UNARY, "unary", CELL_EDGES[:4]),
        (cell.binary, BINARY, "binary", CELL_EDGES[4:]),
    ):
        if len(names) != len(edges):
            surplus = names[len(edges) :]
            fault = f"{', '.join(surplus)} too many" if surplus else f"none for {', '.join(edges[len(names) :])}"
            raise TaskError(f"an activation cell has {kind} operations at {', '.join(edges)}; given are {fault}")
        for edge, name in zip(edges, names, strict=True):
            if name not in valid:
                raise unknown(f"{kind} operation of edge {edge!r}", name, valid)
    return dict(zip(CELL_EDGES, (*cell.unary, *cell.binary), strict=True))


def _live_edges(cell: blueprint.Cell) -> list[str]:
    """Return the choices that the output depends on."""
    inner, outer = cell.binary
    if outer == "right":
        return ["u4", "b2"]
    operands = {"left": ["u1"], "right": ["u2"]}.get(inner, ["u1", "u2"])
    return [*operands, "u3", "b1", "b2"] + ([] if outer == "left" else ["u4"])


def _detached(cell: blueprint.Cell) -> frozenset[str]:
    """Return the constants of the input that pass it no gradient, a zero, as another edge passes one anyway.

    Where every live edge of the input is constant, all pass their zero: no weight before the cell lacks a gradient.
    """
    live = _live_edges(cell)
    operations = {edge: name for edge, name in zip(CELL_EDGES[:4], cell.unary, strict=True) if edge in live}
    of_input = {edge: name for edge, name in operations.items() if edge != "u3"}
    constant = frozenset(edge for edge, name in of_input.items() if name == "constant")
    return frozenset() if len(constant) == len(of_input) else constant
