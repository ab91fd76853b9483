"""What a measure is given: a network at one moment of its training, and the training data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    Batches = Callable[[], Iterator[tuple[Tensor, Tensor]]]
    Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class MeasureContext:
    """A network with its masks, and training data in a fixed order.

    Args:
        network: as it stands, its pruned weights zero.
        masks: one boolean tensor for each prunable layer, of its weight's shape, in the order of
            `nn.networks.prunable_layers`.
        batches: starts a pass over the training data: inputs (B, ...) and targets (B, ...), on the network's
            device, equal at each call.
        loss: (outputs, targets) -> mean loss of a batch, a scalar.
    """

    network: nn.Module
    masks: Sequence[Tensor]
    batches: Batches
    loss: Loss

    def first(self, count: int) -> MeasureContext:
        """Return the context whose data are the first `count` batches."""
        return replace(self, batches=lambda: islice(self.batches(), count))
