"""Size and work of a sparse network, in theory: bytes of its weights, operations of a forward pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

VALUE_BYTES = 4


@dataclass(frozen=True, slots=True)
class Flops:
    """Operations of one input's forward pass through the prunable layers; a multiply-add counts two.

    Args:
        dense: of all weights.
        effective: of the weights alive, as if zeros cost nothing.
    """

    dense: int
    effective: int


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Bytes of a network's float32 parameters in three formats.

    Args:
        dense: 4 for each parameter.
        bitmap: for a layer of n weights, s alive: ceil(n / 8) + 4 s.
        csr: compressed sparse rows, each weight as (out, n / out): 4 s values, s column indices of 2 bytes where
            n / out <= 65,536 and of 4 beyond, 4 (out + 1) row pointers.
    """

    dense: int
    bitmap: int
    csr: int


def flops(masks: Sequence[Tensor], positions: Sequence[int]) -> tuple[Flops, ...]:
    """Return the operations of each layer: 2 · weights · positions. Biases, activations and norms are left out.

    Args:
        masks: of the prunable layers; a weight meets one input at each output position.
        positions: outputs per channel of each layer for one input: height · width of a convolution's output,
            tokens of a sequence, 1 for a vector.
    """
    return tuple(
        Flops(2 * mask.numel() * place, 2 * int(mask.sum()) * place)
        for mask, place in zip(masks, positions, strict=True)
    )


def total_flops(layers: Sequence[Flops]) -> Flops:
    """Add up layers."""
    return Flops(sum(layer.dense for layer in layers), sum(layer.effective for layer in layers))


def stored_bytes(masks: Sequence[Tensor], others: int = 0) -> StoredBytes:
    """Return the bytes of a sparse network beside its dense ones.

    Args:
        masks: of the prunable layers.
        others: number of other parameters (biases, norms, activations), which every format stores whole.
    """
    rest = VALUE_BYTES * others
    return StoredBytes(
        dense=rest + sum(VALUE_BYTES * mask.numel() for mask in masks),
        bitmap=rest + sum(math.ceil(mask.numel() / 8) + VALUE_BYTES * int(mask.sum()) for mask in masks),
        csr=rest + sum(_csr(mask) for mask in masks),
    )


def _csr(mask: Tensor) -> int:
    rows, alive = len(mask), int(mask.sum())
    index_bytes = 2 if mask.numel() // max(rows, 1) <= 2**16 else 4
    return (VALUE_BYTES + index_bytes) * alive + 4 * (rows + 1)
