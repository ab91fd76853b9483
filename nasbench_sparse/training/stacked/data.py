"""The examples of a stack in batches, each slot in the order of its own replicate.

Batches are padded to a multiple of 32 examples by repeating their first one: what is invalid for a padding row is
invalid for a real one too, so padding adds no infinity of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nasbench_sparse.training.data import Split
from nasbench_sparse.training.stacked.block import aligned


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs (K, B, features), labels (K, B), and how many of the B rows are examples."""

    inputs: Tensor
    labels: Tensor
    real: int


@dataclass(frozen=True, slots=True)
class Examples:
    """One part of the data of all slots.

    Args:
        inputs: (N, features), the different slots' parts one after another.
        offsets: (K,), where each slot's part begins.
        count: examples of a slot.
    """

    inputs: Tensor
    labels: Tensor
    offsets: Tensor
    count: int

    @staticmethod
    def gather(parts: Sequence[tuple[Tensor, Tensor]]) -> Examples:
        """Combine the parts of K slots; slots that share their part share its memory."""
        distinct = {id(labels): (inputs, labels) for inputs, labels in parts}
        count = len(parts[0][1])
        starts = {key: i * count for i, key in enumerate(distinct)}
        return Examples(
            torch.cat([inputs.flatten(1) for inputs, _ in distinct.values()]),
            torch.cat([labels for _, labels in distinct.values()]),
            torch.tensor([starts[id(labels)] for _, labels in parts]),
            count,
        )

    def batches(self, order: Tensor, size: int) -> Iterator[Batch]:
        """Yield the examples `size` at a time, in the (K, count) order of each slot."""
        order = order + self.offsets.unsqueeze(1)
        slots = len(order)
        if bool((order == order[0]).all()):
            order = order[:1]
        for index in torch.split(order, size, 1):
            real = index.shape[1]
            padding = index[:, :1].expand(-1, aligned(real) - real)
            chosen = torch.cat([index, padding], 1)
            inputs = self.inputs.index_select(0, chosen.flatten()).view(*chosen.shape, -1)
            labels = self.labels[chosen]
            yield Batch(inputs.expand(slots, -1, -1), labels.expand(slots, -1), real)


def evaluation_batches(splits: Sequence[Split], size: int) -> tuple[list[Batch], int]:
    """Return the batches of validation and test examples together, and how many come first for validation."""
    val, test = (Examples.gather([getattr(split, part) for split in splits]) for part in ("val", "test"))
    batches = [
        batch
        for part in (val, test)
        for batch in part.batches(torch.arange(part.count).expand(len(splits), -1), size)
    ]
    return batches, -(-val.count // size)
