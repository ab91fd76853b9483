"""Parameters of all slots as one matrix, a row for each slot, with their gradients and optimizer state.

Rows and the tensors in them begin at multiples of 32 floats. So every slot has the same alignment, and no
elementwise kernel (32 floats a turn) leaves a remainder of one slot to its slower path: bits do not depend on where
a slot sits. What fills the gaps is zero and stays zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

ALIGNMENT = 32
"""Floats; two vectors of the widest instructions."""


def aligned(size: int) -> int:
    """Return the least multiple of the alignment that holds `size`."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True, slots=True)
class Piece:
    """`count` tensors of `size` floats each (gaps included), one after another from `start`."""

    start: int
    count: int
    size: int


@dataclass(slots=True)
class Block:
    """Matrices of shape (K, N).

    Args:
        values: the parameters.
        gradients: theirs; every step writes all of a live slot's.
        pieces: what the columns hold, without a gap.
        trained: (K, tensors), how many entries of each tensor are trained.
        state: of the optimizers, by torch's names; "weight_sum" is (K, tensors) of float64, the others (K, N).
    """

    values: Tensor
    gradients: Tensor
    pieces: tuple[Piece, ...]
    trained: Tensor
    state: dict[str, Tensor] = field(default_factory=dict)

    @staticmethod
    def empty(slots: int, pieces: Sequence[Piece]) -> Block:
        """Return a block of zeros."""
        width = sum(piece.count * piece.size for piece in pieces)
        tensors = sum(piece.count for piece in pieces)
        return Block(
            torch.zeros(slots, width), torch.zeros(slots, width), tuple(pieces), torch.zeros(slots, tensors)
        )

    @property
    def width(self) -> int:
        """N."""
        return self.values.shape[1]

    def tensor_index(self, start: int) -> int:
        """Return the number of the tensor that begins at a column."""
        index = 0
        for piece in self.pieces:
            if piece.start <= start < piece.start + piece.count * piece.size:
                return index + (start - piece.start) // piece.size
            index += piece.count
        raise IndexError(f"column {start} of {self.width}")

    def sums(self, entries: Tensor) -> Tensor:
        """Sum (k, N) entries tensor by tensor, to (k, tensors)."""
        rows = len(entries)
        parts = [
            entries[:, p.start : p.start + p.count * p.size].reshape(rows, p.count, p.size).sum(2)
            for p in self.pieces
        ]
        return torch.cat(parts, 1)

    def spread(self, factors: Tensor) -> Tensor:
        """Repeat (k, tensors) factors over the entries of each tensor, to (k, N)."""
        sizes = [piece.size for piece in self.pieces for _ in range(piece.count)]
        return factors.repeat_interleave(torch.tensor(sizes), 1, output_size=self.width)

    def clear(self, row: int) -> None:
        """Set everything of a slot to zero."""
        for matrix in (self.values, self.gradients, self.trained, *self.state.values()):
            matrix[row] = 0.0
