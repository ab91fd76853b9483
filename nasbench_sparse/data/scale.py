"""How pixels from 0 to 255 become standardised inputs, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEVELS = 256


@dataclass(frozen=True, slots=True)
class PixelScale:
    """Mean and deviation of each channel, in units of pixels from 0 to 255."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @staticmethod
    def of(images: npt.NDArray[np.uint8]) -> PixelScale:
        """Return the scale of images (N, C, H, W), exactly, from counts of the 256 levels.

        A channel without any variation has deviation 1.
        """
        levels = np.arange(LEVELS)
        means, deviations = [], []
        for channel in range(images.shape[1]):
            counts = np.bincount(images[:, channel].ravel(), minlength=LEVELS)
            mean = float(counts @ levels / counts.sum())
            means.append(mean)
            deviations.append(float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum())) or 1.0)
        return PixelScale(tuple(means), tuple(deviations))

    def standardise(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return (pixel - mean) / deviation of images (N, C, H, W) as float32."""
        scaled = np.empty(images.shape, dtype=np.float32)
        for channel, (mean, deviation) in enumerate(zip(self.mean, self.deviation, strict=True)):
            table = ((np.arange(LEVELS) - mean) / deviation).astype(np.float32)
            scaled[:, channel] = table[images[:, channel]]
        return scaled
