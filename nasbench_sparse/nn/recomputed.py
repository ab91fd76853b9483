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
from nasbench_sparse.nn.mixture import Gradients, Mixture
from nasbench_sparse.nn.unary_sums import UnarySums

U1, U2, U3, U4, B1, B2 = range(len(CELL_EDGES))

PIECE = {"cpu": 8192}
"""Numbers of a piece: 32 KB of float32 each time an operation is applied. Elsewhere 4 million, for fewer launches."""


class Piece(Protocol):
    """A site evaluated on a piece of n numbers."""

    output: Tensor

    def backward(self, slope: Tensor, gradients: Gradients | None) -> Tensor:
        """Return the gradient of the input given that of the output; add up those of weights and gammas."""


class CellPiece:
    """The cell `b2(u3(b1(u1(x), u2(x))), u4(x))`."""

    def __init__(self, mixture: Mixture, edge: int, x: Tensor) -> None:
        self.inputs = UnarySums(mixture, (U1, U2, U4), x)
        u1, u2, u4 = self.inputs.forward()
        self.inner = BinarySum(mixture, B1, u1, u2)
        self.middle = UnarySums(mixture, (U3,), self.inner.forward())
        self.outer = BinarySum(mixture, B2, *self.middle.forward(), u4)
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


def recomputed(kind: type[CellPiece] | type[OperatorPiece], mixture: Mixture, edge: int, x: Tensor) -> Tensor:
    """Evaluate a site; gradients reach x and the mixture's weights and gammas.

    Args:
        edge: the one that an `OperatorPiece` sums.
        x: any shape, which the result has too.
    """
    result: Tensor = _Recomputed.apply(x, mixture.weights, mixture.gammas, kind, mixture, edge)
    return result


class _Recomputed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weights: Tensor, gammas: Tensor, kind: type[Piece], mixture: Mixture, edge: int
    ) -> Tensor:
        ctx.save_for_backward(x, weights, gammas)
        ctx.kind, ctx.mixture, ctx.edge = kind, mixture, edge
        plain = mixture.cast(weights, gammas, x.dtype)
        pieces = [kind(plain, edge, piece).output for piece in _pieces(x)]  # type: ignore[call-arg]
        return torch.cat(pieces).view(x.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        x, weights, gammas = ctx.saved_tensors
        plain = ctx.mixture.cast(weights, gammas, x.dtype)
        gradients = plain.gradients() if any(ctx.needs_input_grad[1:3]) else None
        result = torch.cat(
            [
                ctx.kind(plain, ctx.edge, piece).backward(part, gradients)
                for piece, part in zip(_pieces(x), _pieces(slope), strict=True)
            ]
        ).view(x.shape)
        if gradients is None:
            return result, None, None, None, None, None
        return result, gradients.weights.to(weights.dtype), gradients.gammas.to(gammas.dtype), None, None, None


def _pieces(x: Tensor) -> tuple[Tensor, ...]:
    return torch.split(x.reshape(-1), PIECE.get(x.device.type, 1 << 22))
