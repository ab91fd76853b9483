"""What a score may look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.sparsity.links import LayerLink


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy; logits (..., classes) and targets (...), as images and texts give them."""
    return functional.cross_entropy(logits.flatten(0, -2), targets.flatten())


@dataclass(frozen=True, slots=True, eq=False)
class ScoringContext:
    """A network at the moment it is pruned. Scores read it and leave it as it was, to the bit.

    Args:
        network: holds the weights of `layers`; pruned weights are zero.
        layers: name and weight of each prunable layer, in forward order.
        masks: one boolean mask for each layer, of its weight's shape; True is alive.
        batches: gives training batches (inputs, targets) in a fixed order, each time from the first one; how
            many there are is the caller's declaration.
        stream: gives a layer's random generator by its name, the same one at any density.
        initial: the weights at initialisation, one for each layer, or None where they are not kept.
        input_shape: of one input, without the batch.
        links: the layers' neighbours, one for each layer; empty where no score needs them.
        loss: mean loss of a batch from logits and targets.
        density: fraction of all weights that will be kept; for scores that prune in rounds.
    """

    network: nn.Module
    layers: Sequence[tuple[str, Tensor]]
    masks: Sequence[Tensor]
    batches: Callable[[], Iterator[tuple[Tensor, Tensor]]]
    stream: Callable[[str], np.random.Generator]
    initial: Sequence[Tensor] | None = None
    input_shape: tuple[int, ...] = ()
    links: Sequence[LayerLink] = ()
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy
    density: float | None = None

    @property
    def weights(self) -> list[Tensor]:
        """The weights alone."""
        return [weight for _, weight in self.layers]
