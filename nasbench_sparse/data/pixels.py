"""Operations on pixels: images (B, C, H, W) as floats of whole numbers 0..255, and a magnitude for each, (B,).

Colours and geometry are those of the Python imaging library, whose operations the augmentation papers used.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d

LARGEST = 255


def shear_x(images: Tensor, magnitude: Tensor) -> Tensor:
    """Shift each row right to left by `magnitude` times its distance from the top."""
    return _affine(images, 1, magnitude, 0, 0, 1, 0)


def shear_y(images: Tensor, magnitude: Tensor) -> Tensor:
    """Shift each column upwards by `magnitude` times its distance from the left."""
    return _affine(images, 1, 0, 0, magnitude, 1, 0)


def translate_x(images: Tensor, magnitude: Tensor) -> Tensor:
    """Shift left by `magnitude` pixels."""
    return _affine(images, 1, 0, magnitude.trunc(), 0, 1, 0)


def translate_y(images: Tensor, magnitude: Tensor) -> Tensor:
    """Shift up by `magnitude` pixels."""
    return _affine(images, 1, 0, 0, 0, 1, magnitude.trunc())


def rotate(images: Tensor, magnitude: Tensor) -> Tensor:
    """Turn counter-clockwise by `magnitude` degrees around the centre."""
    angle = torch.deg2rad(magnitude)
    cosine, sine = angle.cos(), angle.sin()
    x, y = images.shape[3] / 2, images.shape[2] / 2
    return _affine(images, cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y)


def brightness(images: Tensor, magnitude: Tensor) -> Tensor:
    """Multiply by 1 + `magnitude`."""
    return _blend(torch.zeros_like(images), images, magnitude)


def color(images: Tensor, magnitude: Tensor) -> Tensor:
    """Move away from the grey image, by a factor 1 + `magnitude`."""
    return _blend(_grey(images), images, magnitude)


def contrast(images: Tensor, magnitude: Tensor) -> Tensor:
    """Move away from the mean grey, by a factor 1 + `magnitude`."""
    return _blend(_grey(images).mean((1, 2, 3), keepdim=True).round(), images, magnitude)


def sharpness(images: Tensor, magnitude: Tensor) -> Tensor:
    """Move away from the smoothed image, by a factor 1 + `magnitude`; the border keeps its values."""
    channels = images.shape[1]
    kernel = images.new_ones(3, 3)
    kernel[1, 1] = 5
    weight = (kernel / kernel.sum()).expand(channels, 1, 3, 3)
    smooth = images.clone()
    smooth[:, :, 1:-1, 1:-1] = conv2d(images, weight, groups=channels).round()
    return _blend(smooth, images, magnitude)


def posterize(images: Tensor, magnitude: Tensor) -> Tensor:
    """Keep the `magnitude` highest bits, rounded to a whole number."""
    step = 2 ** (8 - magnitude.round())[:, None, None, None]
    return (images / step).floor() * step


def solarize(images: Tensor, magnitude: Tensor) -> Tensor:
    """Invert the pixels of at least `magnitude`."""
    return torch.where(images >= magnitude[:, None, None, None], LARGEST - images, images)


def autocontrast(images: Tensor, _: Tensor) -> Tensor:
    """Stretch each channel to 0..255; one without variation stays."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    stretched = ((images - low) * LARGEST / (high - low).clamp(min=1)).floor()
    return torch.where(high > low, stretched, images)


def equalize(images: Tensor, _: Tensor) -> Tensor:
    """Give each channel an even histogram; one with a single level stays."""
    batch, channels, height, width = images.shape
    levels = images.long().reshape(batch * channels, height * width)
    counts = torch.zeros(len(levels), LARGEST + 1, dtype=torch.int64, device=images.device)
    counts.scatter_add_(1, levels, torch.ones_like(levels))
    last = counts.gather(1, levels.amax(1, keepdim=True))  # how many have the highest level
    step = (height * width - last) // LARGEST
    below = counts.cumsum(1) - counts
    table = ((below + step // 2) // step.clamp(min=1)).clamp(max=LARGEST)
    table = torch.where(step > 0, table, torch.arange(LARGEST + 1, device=images.device))
    return table.gather(1, levels).reshape(images.shape).to(images.dtype)


def _grey(images: Tensor) -> Tensor:
    """Return the luma (B, 1, H, W) by ITU-R BT.601; a single channel is its own."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor([0.299, 0.587, 0.114])[:, None, None]
    return (images * weights).sum(1, keepdim=True).round()


def _blend(base: Tensor, images: Tensor, magnitude: Tensor) -> Tensor:
    factor = 1 + magnitude[:, None, None, None]
    return (base + factor * (images - base)).clamp(0, LARGEST).floor()


def _affine(
    images: Tensor,
    a: Tensor | float,
    b: Tensor | float,
    c: Tensor | float,
    d: Tensor | float,
    e: Tensor | float,
    f: Tensor | float,
) -> Tensor:
    """Take each pixel (x, y) from (ax + by + c, dx + ey + f), black outside; coordinates are of pixel centres."""
    batch, _, height, width = images.shape
    x = torch.arange(width, device=images.device)[None, None, :] + 0.5
    y = torch.arange(height, device=images.device)[None, :, None] + 0.5
    a, b, c, d, e, f = (images.new_ones(batch, 1, 1) * _column(value) for value in (a, b, c, d, e, f))
    columns, rows = (a * x + b * y + c).floor().long(), (d * x + e * y + f).floor().long()
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    example = torch.arange(batch, device=images.device)[:, None, None]
    taken = images.permute(0, 2, 3, 1)[example, rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    return (taken * inside[..., None]).permute(0, 3, 1, 2)


def _column(value: Tensor | float) -> Tensor | float:
    return value[:, None, None] if isinstance(value, Tensor) else value
