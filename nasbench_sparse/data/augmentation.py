"""Augmentations of image batches, by name, drawn from the generator passed in.

A name is one or several of `crop`, `flip`, `cutout` and `trivial` joined by hyphens and applied in that order, such
as `crop-flip`; or `none`. How much is drawn depends on the batch's shape alone, and draws are made on the
processor, so the same generator state and batch give the same bits.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nasbench_sparse.errors import TaskError, unknown

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from nasbench_sparse.data.batches import Augmentation
    from nasbench_sparse.data.scale import PixelScale

PADDING = 4


def augment(name: str, scale: PixelScale | None = None) -> Augmentation:
    """Return the augmentation of a name: inputs (B, C, H, W) and a generator -> inputs of the same shape.

    Args:
        scale: how the inputs were standardised; `trivial` needs it, as it works on pixels from 0 to 255, and
            raises a TaskError on inputs without it.
    Raises:
        UnknownName: a part of the name is no augmentation.
    """
    steps = [] if name == "none" else [_step(part, scale) for part in name.split("-")]

    def apply(inputs: Tensor, generator: torch.Generator) -> Tensor:
        for step in steps:
            inputs = step(inputs, generator)
        return inputs

    return apply


def crop(inputs: Tensor, generator: torch.Generator) -> Tensor:
    """Pad by 4 zeros (the mean pixel, where inputs are standardised) and cut a window of the old size at random.

    References: He et al. (2016), section 4.2.
    """
    import torch
    from torch.nn.functional import pad

    batch, _, height, width = inputs.shape
    offsets = torch.randint(2 * PADDING + 1, (2, batch), generator=generator).to(inputs.device)
    rows = offsets[0][:, None] + torch.arange(height, device=inputs.device)  # (B, H)
    columns = offsets[1][:, None] + torch.arange(width, device=inputs.device)  # (B, W)
    padded = pad(inputs, [PADDING] * 4).permute(0, 2, 3, 1)  # (B, H + 8, W + 8, C)
    example = torch.arange(batch, device=inputs.device)[:, None, None]
    return padded[example, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def flip(inputs: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability one half."""
    import torch

    mirrored = torch.rand(len(inputs), generator=generator).to(inputs.device) < 0.5
    return torch.where(mirrored[:, None, None, None], inputs.flip(-1), inputs)


def cutout(inputs: Tensor, generator: torch.Generator) -> Tensor:
    """Set a square of half the image's side to zero, around a pixel drawn at random; it may reach over the edge.

    References: DeVries and Taylor (2017), section 3.2.
    """
    import torch

    batch, _, height, width = inputs.shape
    inside = []
    for size, shape in ((height, (batch, 1, height, 1)), (width, (batch, 1, 1, width))):
        first = torch.randint(size, (batch,), generator=generator).to(inputs.device)[:, None] - size // 4
        position = torch.arange(size, device=inputs.device)
        inside.append(((position >= first) & (position < first + size // 2)).reshape(shape))
    return inputs.masked_fill(inside[0] & inside[1], 0.0)


def _step(part: str, scale: PixelScale | None) -> Augmentation:
    known: dict[str, Augmentation] = {
        "crop": crop,
        "flip": flip,
        "cutout": cutout,
        "trivial": partial(_trivial, scale),
    }
    if part not in known:
        raise unknown("augmentation", part, (*known, "none"))
    return known[part]


def _trivial(scale: PixelScale | None, inputs: Tensor, generator: torch.Generator) -> Tensor:
    if scale is None:
        raise TaskError("augmentation 'trivial' works on pixels from 0 to 255, so it needs the inputs' scale")
    from nasbench_sparse.data.trivial_augment import trivial

    return trivial(scale, inputs, generator)
