"""Which part of an image is looked at."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]

AREA = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)
CENTRAL = 224 / 256  # a shorter side of 256 pixels, of which the middle 224 are kept


def central_box(width: int, height: int) -> Box:
    """Return left, upper, right and lower of the central square that is 224/256 of the shorter side."""
    side = min(width, height) * CENTRAL
    left, upper = (width - side) / 2, (height - side) / 2
    return left, upper, left + side, upper + side


def random_box(width: int, height: int, uniform: npt.NDArray[np.float64]) -> Box:
    """Return the first box that fits, of random area, aspect ratio and place; or else the largest central one.

    Args:
        uniform: (attempts, 4) numbers in [0, 1): area, logarithm of the ratio, upper, left.

    References:
        Szegedy et al. (2015), section 6.
    """
    for area, ratio, upper, left in uniform:
        pixels = (AREA[0] + (AREA[1] - AREA[0]) * area) * width * height
        aspect = math.exp(math.log(RATIO[0]) + (math.log(RATIO[1]) - math.log(RATIO[0])) * ratio)
        w, h = round(math.sqrt(pixels * aspect)), round(math.sqrt(pixels / aspect))
        if 0 < w <= width and 0 < h <= height:
            x, y = int(left * (width - w + 1)), int(upper * (height - h + 1))
            return x, y, x + w, y + h
    aspect = min(max(width / height, RATIO[0]), RATIO[1])
    w, h = min(width, round(height * aspect)), min(height, round(width / aspect))
    x, y = (width - w) // 2, (height - h) // 2
    return x, y, x + w, y + h
