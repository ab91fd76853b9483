"""Sites of a supernet as single functions, evaluated piece by piece and computed again in the backward pass.

Pieces stay in the cache, and only the input is kept for the backward pass: a site costs the memory of a plain
activation, whatever number of operations it sums.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from nasbench_sparse.core.operations import CELL_EDGES
from nasbench_sparse.nn.binary_sum import BinarySum
from nasbench_sparse.nn.mixture import Gradients, Mixture, added_up
from nasbench_sparse.nn.unary_sums import UnarySums

U1, U2, U3, U4, B1, B2 = range(len(CELL_EDGES))

PIECE = {"cpu": 32768}
"""Numbers of a piece: 128 KB of float32 each time an operation is applied, so that a site's work fits the cache."""

ELSEWHERE = 1 << 22
"""Numbers of a piece on other devices, where launches cost more than memory."""

Learnt = tuple[Tensor, Tensor]


class Piece(Protocol):
    """A site evaluated on a piece of n numbers."""

    output: Tensor

    def __init__(self, mixture: Mixture, edge: int, x: Tensor) -> None: ...

    def backward(self, slope: Tensor, gradients: Gradients | None) -> Tensor:
        """Return the gradient of the input given that of the output; add up those of weights and gammas."""


class CellPiece:
    """The cell `b2(u3(b1(u1(x), u2(x))), u4(x))`."""

    def __init__(self, mixture: Mixture, edge: int, x: Tensor) -> None:
        self.inputs = UnarySums(mixture, (U1, U2, U4), x)
        u1, u2, u4 = self.inputs.forward()
        self.inner = BinarySum(mixture, B1, u1, u2)
        self.middle = UnarySums(mixture, (U3,), self.inner.forward())
        (u3,) = self.middle.forward()
        self.outer = BinarySum(mixture, B2, u3, u4)
        self.output = self.outer.forward()

    def backward(self, slope: Tensor, gradients: Gradients | None) -> Tensor:
        """See `Piece`."""
        u3, u4 = self.outer.backward(slope, gradients)
        u1, u2 = self.inner.backward(self.middle.backward([u3], gradients), gradients)
        return self.inputs.backward([u1, u2, u4], gradients)


class OperatorPiece:
    """The weighted sum of one edge's operators."""

    def __init__(self, mixture: Mixture, edge: int, x: Tensor) -> None:
        self.sums = UnarySums(mixture, (edge,), x)
        (self.output,) = self.sums.forward()

    def backward(self, slope: Tensor, gradients: Gradients | None) -> Tensor:
        """See `Piece`."""
        return self.sums.backward([slope], gradients)


def recomputed(
    kind: type[CellPiece] | type[OperatorPiece], mixture: Mixture, edge: int, x: Tensor, learnt: Learnt
) -> Tensor:
    """Evaluate a site; gradients reach x and, where they are to be learnt, the weights and gammas.

    Args:
        edge: the one that an `OperatorPiece` sums.
        x: any shape, which the result has too.
        learnt: weights and gammas as tensors, (edges, operations), equal to the mixture's numbers.
    """
    result: Tensor = _Recomputed.apply(x, *learnt, kind, mixture, edge)  # type: ignore[no-untyped-call]
    return result


class _Recomputed(torch.autograd.Function):
    """To learn the weights, x is kept and the site computed again; else its derivative by x is all that is kept."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weights: Tensor, gammas: Tensor, kind: type[Piece], mixture: Mixture, edge: int
    ) -> Tensor:
        ctx.kind, ctx.mixture, ctx.edge = kind, mixture, edge
        ctx.learnt = any(ctx.needs_input_grad[1:3])
        output = torch.empty_like(x, memory_format=torch.contiguous_format)
        slope = torch.empty_like(output) if ctx.needs_input_grad[0] and not ctx.learnt else None
        slopes = _pieces(output if slope is None else slope)
        for part, into, slope_into in zip(_pieces(x), _pieces(output), slopes, strict=True):
            piece = kind(mixture, edge, part)
            into.copy_(piece.output)
            if slope is not None:
                slope_into.copy_(piece.backward(torch.ones_like(part), None))
        ctx.save_for_backward(*((x, weights, gammas) if ctx.learnt else (slope,)))
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        if not ctx.learnt:
            return slope * ctx.saved_tensors[0], None, None, None, None, None
        x, weights, gammas = ctx.saved_tensors
        gradients = Gradients()
        result = torch.empty_like(x, memory_format=torch.contiguous_format)
        for into, part, of_part in zip(_pieces(result), _pieces(x), _pieces(slope), strict=True):
            into.copy_(ctx.kind(ctx.mixture, ctx.edge, part).backward(of_part, gradients))
        of_weights = added_up(weights.shape, gradients.weights, weights)
        return result, of_weights, added_up(gammas.shape, gradients.gammas, gammas), None, None, None


def _pieces(x: Tensor) -> tuple[Tensor, ...]:
    return torch.split(x.reshape(-1), PIECE.get(x.device.type, ELSEWHERE))
