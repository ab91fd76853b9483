from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from nasbench_sparse.data.augmentation import augment
from nasbench_sparse.data.scale import PixelScale
from nasbench_sparse.data.trivial_augment import OPERATIONS
from nasbench_sparse.errors import TaskError, UnknownName

SCALE = PixelScale((120.0, 110.0, 100.0), (60.0, 61.0, 62.0))
NAMES = ("none", "flip", "crop-flip", "cutout", "crop-flip-cutout", "trivial")


def _pixels(count: int = 64) -> Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, 3, 16, 12), dtype=np.uint8))


def _inputs(count: int = 64) -> Tensor:
    return torch.from_numpy(SCALE.standardise(_pixels(count).numpy()))


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", NAMES)
def test_augment_keeps_shape_and_input_and_repeats(name: str) -> None:
    inputs = _inputs()
    before = inputs.clone()
    first, again, other = (augment(name, SCALE)(inputs, _generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(inputs, before)
    assert first.shape == inputs.shape
    assert first.dtype is torch.float32
    assert torch.equal(first, again)
    assert torch.equal(first, inputs) == (name == "none")
    assert torch.equal(first, other) == (name == "none")


def test_flip_mirrors_about_half_of_the_images() -> None:
    inputs = _inputs(2000)
    flipped = augment("flip")(inputs, _generator())
    mirrored = (flipped == inputs.flip(-1)).flatten(1).all(1)
    same = (flipped == inputs).flatten(1).all(1)
    assert (mirrored ^ same).all()
    assert abs(int(mirrored.sum()) - 1000) < 5 * 22.4  # five sigma


def test_crop_shifts_by_at_most_the_padding() -> None:
    inputs = _inputs(400)
    cropped = augment("crop")(inputs, _generator())
    padded = torch.nn.functional.pad(inputs, [4] * 4)
    seen = set()
    for before, after in zip(padded, cropped, strict=True):
        fits = [(y, x) for y in range(9) for x in range(9) if torch.equal(before[:, y : y + 16, x : x + 12], after)]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) > 70  # of 81; the expected number is 80.4


def test_cutout_removes_a_square_of_half_the_side_and_nothing_else() -> None:
    inputs = _inputs(300) + 100
    cut = augment("cutout")(inputs, _generator())
    gone = cut == 0
    assert torch.equal(cut[~gone], inputs[~gone])
    assert torch.equal(gone[:, 0], gone[:, 2])
    for mask in gone[:, 0]:
        rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
        assert len(rows) * len(columns) == mask.sum()  # a rectangle
        assert 4 <= len(rows) <= 8
        assert 3 <= len(columns) <= 6
    assert gone[:, 0].sum((1, 2)).max() == 8 * 6


def test_trivial_applies_one_operation_to_each_image() -> None:
    inputs = _inputs(280)
    changed = augment("trivial", SCALE)(inputs, _generator())
    mean, deviation = (torch.tensor(v)[:, None, None] for v in (SCALE.mean, SCALE.deviation))
    pixels = changed * deviation + mean
    assert (pixels - pixels.round()).abs().max() < 1e-3
    assert pixels.round().min() >= 0
    assert pixels.round().max() <= 255
    same = (pixels.round() == _pixels(280)).flatten(1).all(1).sum()
    assert 280 / len(OPERATIONS) * 0.2 < same < 280 * 0.5  # the identity, and operations of no strength


def test_augment_refuses_what_it_does_not_know() -> None:
    with pytest.raises(UnknownName, match="'flip'"):
        augment("crop-flipp")
    with pytest.raises(TaskError, match="works on pixels"):
        augment("trivial")(_inputs(), _generator())
