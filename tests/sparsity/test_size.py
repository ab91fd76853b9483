from __future__ import annotations

import torch

from nasbench_sparse.sparsity.size import Flops, flops, stored_bytes, total_flops


def _mask(*shape: int, alive: int) -> torch.Tensor:
    mask = torch.zeros(shape, dtype=torch.bool)
    mask.view(-1)[:alive] = True
    return mask


def test_flops_count_two_for_each_weight_at_each_position() -> None:
    # A 3x3 convolution, 2 to 4 channels on an 8x8 output: 72 weights at 64 places; a linear layer of 40 weights.
    layers = flops([_mask(4, 2, 3, 3, alive=10), _mask(10, 4, alive=4)], [64, 1])
    assert layers == (Flops(2 * 72 * 64, 2 * 10 * 64), Flops(80, 8))
    assert total_flops(layers) == Flops(9216 + 80, 1280 + 8)


def test_flops_of_lenet5_are_the_known_multiply_adds() -> None:
    # conv1 6·25·24² = 86,400; conv2 16·6·25·8² = 153,600; linear 256·120 + 120·84 + 84·10 = 41,640
    shapes = [(6, 1, 5, 5), (16, 6, 5, 5), (120, 256), (84, 120), (10, 84)]
    masks = [torch.ones(shape, dtype=torch.bool) for shape in shapes]
    assert total_flops(flops(masks, [24 * 24, 8 * 8, 1, 1, 1])).dense == 2 * (86_400 + 153_600 + 41_640)


def test_stored_bytes_follow_their_formulas() -> None:
    # 21 weights, 5 alive, 3 rows: bitmap 3 + 20; CSR 5 · (4 + 2) + 4 · 4; beside 10 parameters of 4 bytes
    sizes = stored_bytes([_mask(3, 7, alive=5)], others=10)
    assert (sizes.dense, sizes.bitmap, sizes.csr) == (40 + 84, 40 + 23, 40 + 46)


def test_stored_bytes_use_wide_indices_for_wide_rows() -> None:
    narrow, wide = _mask(1, 65_536, alive=3), _mask(1, 65_537, alive=3)
    assert stored_bytes([narrow]).csr == 3 * 6 + 8
    assert stored_bytes([wide]).csr == 3 * 8 + 8


def test_stored_bytes_add_up_over_layers() -> None:
    masks = [_mask(4, 4, alive=2), _mask(2, 9, alive=18)]
    parts = [stored_bytes([mask]) for mask in masks]
    both = stored_bytes(masks)
    assert both.bitmap == sum(part.bitmap for part in parts)
    assert both.csr == sum(part.csr for part in parts)
