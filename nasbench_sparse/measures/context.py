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
        validation: starts a pass over the validation data, likewise; None where there are none.
    """

    network: nn.Module
    masks: Sequence[Tensor]
    batches: Batches
    loss: Loss
    validation: Batches | None = None

    def first(self, count: int) -> MeasureContext:
        """Return the context whose data are the first `count` batches, of validation data too."""
        validation = self.validation
        return replace(
            self,
            batches=lambda: islice(self.batches(), count),
            validation=None if validation is None else lambda: islice(validation(), count),
        )
