"""Layer links: which prunable layers feed which, as scores that look at neighbours need it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class FoldedNorm:
    """What a BatchNorm in evaluation mode does to its channels: a scale of weight / sqrt(running_var + eps).

    Args:
        weight: γ, (channels,).
        bias: (channels,).
        running_mean: (channels,).
        running_var: (channels,).
        eps: added to the variance.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor
    eps: float

    @property
    def scale(self) -> Tensor:
        """Factor of each channel, (channels,)."""
        return self.weight.detach() / (self.running_var + self.eps).sqrt()


@dataclass(frozen=True, slots=True, eq=False)
class LayerLink:
    """A prunable layer and its neighbours; all indices count prunable layers in forward order.

    Args:
        name: the layer's name.
        previous: layers whose outputs this one reads, added up where there are several (at a shortcut); none at the
            input, or where channels do not correspond (behind a concatenation).
        next: layers that read this one's output; none at the output, and likewise.
        batch_norm: the normalisation directly after this layer, or None.
        flatten: inputs per channel of the previous layer where a convolution feeds this linear layer (channels
            first, as `flatten` lays them out); 1 elsewhere.
        groups: groups of a convolution; equal to the channels where it is depthwise.
    """

    name: str
    previous: tuple[int, ...] = ()
    next: tuple[int, ...] = ()
    batch_norm: FoldedNorm | None = None
    flatten: int = 1
    groups: int = 1
