"""Operations on pixels against those of the Python imaging library."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from nasbench_sparse.data import pixels

SIDE = 24
MAGNITUDES = (0.99, 0.3, -0.627)


def _image() -> Image.Image:
    rng = np.random.default_rng(0)
    noise = rng.normal(120, 50, (SIDE, SIDE, 3)) + np.linspace(-50, 50, SIDE)[None, :, None]
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def _tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float()[None]


def _expect(found: Tensor, image: Image.Image, largest: float = 0, share: float = 0.0) -> None:
    difference = (found - _tensor(image)).abs()
    assert difference.max() <= largest
    assert (difference > 0).float().mean() <= share


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_geometry_is_that_of_the_imaging_library(magnitude: float) -> None:
    image, at = _image(), torch.tensor([magnitude])
    shift, affine = int(magnitude * 10), Image.Transform.AFFINE
    before = _tensor(image)
    _expect(pixels.shear_x(before, at), image.transform(image.size, affine, (1, magnitude, 0, 0, 1, 0)))
    _expect(pixels.shear_y(before, at), image.transform(image.size, affine, (1, 0, 0, magnitude, 1, 0)))
    _expect(pixels.translate_x(before, at * 10), image.transform(image.size, affine, (1, 0, shift, 0, 1, 0)))
    _expect(pixels.translate_y(before, at * 10), image.transform(image.size, affine, (1, 0, 0, 0, 1, shift)))
    _expect(pixels.rotate(before, at * 100), image.rotate(magnitude * 100), 255, 0.01)  # ties of float rounding


@pytest.mark.parametrize("magnitude", MAGNITUDES)
@pytest.mark.parametrize("name", ["brightness", "color", "contrast", "sharpness"])
def test_enhancement_is_that_of_the_imaging_library(name: str, magnitude: float) -> None:
    image = _image()
    expected = getattr(ImageEnhance, name.capitalize())(image).enhance(1 + magnitude)
    _expect(getattr(pixels, name)(_tensor(image), torch.tensor([magnitude])), expected, 1, 0.01)


def test_levels_are_those_of_the_imaging_library() -> None:
    image, none = _image(), torch.zeros(1)
    for bits in (8, 5, 2):
        _expect(pixels.posterize(_tensor(image), torch.tensor([float(bits)])), ImageOps.posterize(image, bits))
    for threshold in (255, 100, 0):
        found = pixels.solarize(_tensor(image), torch.tensor([float(threshold)]))
        _expect(found, ImageOps.solarize(image, threshold))
    dull = Image.fromarray((np.array(image) // 4 + 100).astype(np.uint8))
    _expect(pixels.autocontrast(_tensor(dull), none), ImageOps.autocontrast(dull), 1, 0.1)
    for changed in (image, dull, image.resize((64, 64)), Image.new("RGB", (8, 8), (3, 4, 5))):
        _expect(pixels.equalize(_tensor(changed), none), ImageOps.equalize(changed))


def test_each_image_has_its_own_magnitude() -> None:
    batch = _tensor(_image()).repeat(2, 1, 1, 1)
    found = pixels.translate_x(batch, torch.tensor([3.0, -2.0]))
    assert torch.equal(found[0, :, :, :-3], batch[0, :, :, 3:])
    assert torch.equal(found[1, :, :, 2:], batch[1, :, :, :-2])
    assert (found[1, :, :, :2] == 0).all()


def test_a_single_channel_is_its_own_grey() -> None:
    grey = _tensor(_image())[:, :1]
    assert torch.equal(pixels.color(grey, torch.tensor([0.9])), grey)
