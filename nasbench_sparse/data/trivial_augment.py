"""TrivialAugment: one operation of fourteen, of random strength, on each image.

References: Müller and Hutter (2021), Algorithm 1, with the wide space; GRAFS uses it for vision transformers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from nasbench_sparse.data import pixels
from nasbench_sparse.data.scale import PixelScale

STRENGTHS = 31


class Operation(NamedTuple):
    """Images (B, C, H, W) of 0..255 and magnitudes (B,) -> images; magnitudes run from `first` to `last`."""

    apply: Callable[[Tensor, Tensor], Tensor]
    first: float
    last: float
    signed: bool = False


OPERATIONS: dict[str, Operation] = {
    "identity": Operation(lambda images, _: images, 0, 0),
    "shear_x": Operation(pixels.shear_x, 0, 0.99, True),
    "shear_y": Operation(pixels.shear_y, 0, 0.99, True),
    "translate_x": Operation(pixels.translate_x, 0, 32, True),
    "translate_y": Operation(pixels.translate_y, 0, 32, True),
    "rotate": Operation(pixels.rotate, 0, 135, True),
    "brightness": Operation(pixels.brightness, 0, 0.99, True),
    "color": Operation(pixels.color, 0, 0.99, True),
    "contrast": Operation(pixels.contrast, 0, 0.99, True),
    "sharpness": Operation(pixels.sharpness, 0, 0.99, True),
    "posterize": Operation(pixels.posterize, 8, 2),
    "solarize": Operation(pixels.solarize, 255, 0),
    "autocontrast": Operation(pixels.autocontrast, 0, 0),
    "equalize": Operation(pixels.equalize, 0, 0),
}


def trivial(scale: PixelScale, inputs: Tensor, generator: torch.Generator) -> Tensor:
    """Return standardised inputs (B, C, H, W), each changed by one operation on its pixels."""
    count = len(inputs)
    chosen = torch.randint(len(OPERATIONS), (count,), generator=generator)
    strength = torch.randint(STRENGTHS, (count,), generator=generator).double() / (STRENGTHS - 1)
    sign = 1 - 2 * torch.randint(2, (count,), generator=generator)
    mean, deviation = (inputs.new_tensor(v)[:, None, None] for v in (scale.mean, scale.deviation))
    images = (inputs * deviation + mean).round()
    for number, operation in enumerate(OPERATIONS.values()):
        members = torch.nonzero(chosen == number).flatten()
        if len(members):
            magnitude = operation.first + (operation.last - operation.first) * strength[members]
            magnitude = magnitude * sign[members] if operation.signed else magnitude
            members = members.to(inputs.device)
            images[members] = operation.apply(images[members], magnitude.to(inputs))
    return (images - mean) / deviation
