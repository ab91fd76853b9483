"""Sources of batches, read alike: data sets in memory, texts, and images decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from nasbench_sparse.data.corpus import Positions, Tokens, gather

Augmentation = Callable[[Tensor, torch.Generator], Tensor]


class Batches(Protocol):
    """A part of a data set, of which any examples can be read by number."""

    def __len__(self) -> int:
        """Return the number of examples."""

    def read(self, indices: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Return inputs (B, *shape) and labels (B, ...) of the examples numbered `indices` (B,).

        Args:
            generator: draws the source's own augmentation, if it has one; None for none. The same generator
                state and indices give the same bits.
        """


class Sources(NamedTuple):
    """The three parts of a fold."""

    train: Batches
    val: Batches
    test: Batches


@dataclass(frozen=True, slots=True)
class TensorBatches:
    """Inputs and labels in memory."""

    inputs: Tensor
    labels: Tensor
    augmentation: Augmentation | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, indices: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """See `Batches.read`."""
        inputs = self.inputs[indices]
        if self.augmentation is not None and generator is not None:
            inputs = self.augmentation(inputs, generator)
        return inputs, self.labels[indices]


@dataclass(frozen=True, slots=True)
class TokenBatches:
    """Blocks of a text: inputs (B, block) and the tokens that follow each, (B, block), int64."""

    tokens: Tokens
    starts: Positions
    block: int

    def __len__(self) -> int:
        return len(self.starts)

    def read(self, indices: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """See `Batches.read`; texts are not augmented."""
        blocks = torch.from_numpy(gather(self.tokens, self.starts[indices.numpy()], self.block))
        return blocks[:, :-1], blocks[:, 1:]


def in_order(
    source: Batches, order: Tensor, size: int, generator: torch.Generator | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of `size` examples in an order (N,) of their numbers; the last one may be smaller."""
    for indices in torch.split(order, size):
        yield source.read(indices, generator)
