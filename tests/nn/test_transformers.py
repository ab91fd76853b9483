"""The parts of the transformers that torchvision does not have."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Operator
from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.networks.local_vit import LocalAttention, ShiftedPatches
from nasbench_sparse.nn.networks.vit import ViT
from tests.nn.small_networks import inputs_for, small


def test_gpt_sees_no_later_token() -> None:
    network, tokens = small("mini_gpt", (Operator("gelu"),)), inputs_for("mini_gpt")
    changed = tokens.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 11
    before, after = network(tokens), network(changed)
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.isclose(before[:, 3:], after[:, 3:]).all(dim=2).any()


def test_gpt_predicts_with_its_embedding() -> None:
    network, tokens = small("mini_gpt"), inputs_for("mini_gpt")
    with torch.no_grad():
        before = network(tokens)
        network.tokens.weight[7] = 0.0
        unseen = (tokens != 7).all(dim=1)
        after = network(tokens)
    assert unseen.any()
    assert not after[unseen][..., 7].any()
    kept = [token for token in range(11) if token != 7]
    assert torch.equal(after[unseen][..., kept], before[unseen][..., kept])


def test_local_attention_is_the_plain_sum_over_other_tokens() -> None:
    attention = LocalAttention(width=5, heads=2, dimension=3)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        attention.log_scale.weight.fill_(-0.4)
    x = torch.randn(1, 4, 5, generator=generator)
    torch.testing.assert_close(attention(x)[0], _attend(attention, x[0]))


def _attend(attention: LocalAttention, x: Tensor) -> Tensor:
    mixed = (x @ attention.mix.weight.T).view(4, 3, 2, 3)  # tokens, (query, key, value), heads, dimension
    rows = []
    for i in range(4):
        heads = []
        for head in range(2):
            others = [j for j in range(4) if j != i]
            raw = torch.stack([(math.exp(-0.4) * mixed[i, 0, head] @ mixed[j, 1, head]).exp() for j in others])
            heads.append(sum(w / raw.sum() * mixed[j, 2, head] for w, j in zip(raw, others, strict=True)))
        rows.append(torch.cat(heads))
    return attention.project(torch.stack(rows))


def test_local_attention_starts_at_the_usual_temperature() -> None:
    network = small("vit_tiny")
    for block in network.blocks:
        assert math.isclose(block.attention.log_scale.weight.exp().item(), 6**-0.5, rel_tol=1e-6)


def test_vit_enlarges_its_images_by_bilinear_interpolation() -> None:
    shape = {"width": 8, "depth": 1, "heads": 2, "classes": 10, "patch": 4, "channels": 1}
    network, plain = ViT(**shape, size=8, enlarged_from=4), ViT(**shape, size=8)
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1, generator=generator)
    plain.load_state_dict(network.state_dict())
    # Pixel i of 8 lies at (i + 1/2) / 2 - 1/2 of 4: at -1/4, 1/4, ..., 13/4, and the ends are held at the edge.
    weights = torch.zeros(8, 4)
    for i in range(8):
        place = min(max((i + 0.5) / 2 - 0.5, 0.0), 3.0)
        weights[i, int(place)] = 1 - place % 1
        if place % 1:
            weights[i, int(place) + 1] = place % 1
    images = torch.randn(2, 1, 4, 4, generator=generator)
    torch.testing.assert_close(network(images), plain(weights @ images @ weights.T))
    with pytest.raises(TaskError, match="images are 8 x 8 pixels, not 4 x 4"):
        network(torch.zeros(1, 1, 8, 8))


def test_shifted_patches_stack_the_image_and_its_four_diagonal_shifts() -> None:
    patches = ShiftedPatches(channels=1, patch=2, width=3)
    seen: list[Tensor] = []
    patches.norm = nn.Identity()
    patches.linear.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    image = torch.arange(1.0, 17.0).view(1, 1, 4, 4)
    patches(image)
    first = seen[0][0, 0].view(5, 2, 2)  # the top left patch of the five images; half a patch is one pixel
    assert first.tolist() == [
        [[1, 2], [5, 6]],
        [[0, 0], [0, 1]],  # shifted right and down
        [[0, 5], [0, 9]],  # right and up
        [[0, 0], [2, 3]],  # left and down
        [[6, 7], [10, 11]],  # left and up
    ]
