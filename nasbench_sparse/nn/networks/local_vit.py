"""A vision transformer for small data sets: shifted patches and attention that leaves out the token itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.networks.transformer import Block, Learnt, split_heads
from nasbench_sparse.nn.sites import Sites


class ShiftedPatches(nn.Module):
    """Patches of the image beside four copies of it, shifted by half a patch along the diagonals.

    Pixels shifted in are zero. (B, C, H, W) becomes (B, patches, width).
    """

    def __init__(self, channels: int, patch: int, width: int) -> None:
        super().__init__()
        self.patch = patch
        self.norm = nn.LayerNorm(5 * channels * patch**2)
        self.linear = nn.Linear(5 * channels * patch**2, width)

    def forward(self, x: Tensor) -> Tensor:
        by = self.patch // 2
        shifts = [functional.pad(x, (i, -i, j, -j)) for i in (by, -by) for j in (by, -by)]
        stacked = torch.cat((x, *shifts), dim=1)
        patches = functional.unfold(stacked, self.patch, stride=self.patch).transpose(1, 2)
        return self.linear(self.norm(patches))  # type: ignore[no-any-return]


class LocalAttention(nn.Module):
    """Self-attention with a learnt temperature, in which a token does not see itself.

    Args:
        dimension: of each head, which the width need not equal in sum.
    """

    def __init__(self, width: int, heads: int, dimension: int) -> None:
        super().__init__()
        self.heads = heads
        self.log_scale = Learnt(mean=-0.5 * math.log(dimension), deviation=0.0)
        self.mix = nn.Linear(width, 3 * heads * dimension, bias=False)
        self.project = nn.Linear(heads * dimension, width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = split_heads(self.mix(x), self.heads)
        scores = query @ key.transpose(2, 3) * self.log_scale.weight.exp()  # (B, heads, tokens, tokens)
        itself = torch.diag_embed(torch.full_like(scores[0, 0, 0], -torch.inf))
        mixed = (scores + itself).softmax(dim=3) @ value
        return self.project(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class LocalViT(nn.Module):
    """A vision transformer with shifted patch tokens and locality self-attention, for images of 32x32.

    Sites: `block<i>`, the activation of the perceptron in block i (GELU in the published network). No dropout.

    Args:
        width: dimension of a token.
        depth: number of blocks.
        hidden: units of each perceptron.
        dimension: of each head.
        size: height and width of the input images, in pixels.
        patch: height and width of a patch.
        channels: of the input images.

    Raises:
        TaskError: a patch that does not divide the size.

    References:
        Lee et al. (2021), "Vision transformer for small-size datasets", section 3; GRAFS, table 8.
    """

    initialisation = "normal"

    def __init__(
        self,
        width: int = 512,
        depth: int = 4,
        heads: int = 6,
        hidden: int = 256,
        dimension: int = 64,
        classes: int = 10,
        size: int = 32,
        patch: int = 4,
        channels: int = 3,
    ) -> None:
        super().__init__()
        if size % patch:
            raise TaskError(f"patches of {patch} pixels do not divide images of {size}")
        self.patches = ShiftedPatches(channels, patch, width)
        self.token = Learnt(1, 1, width)
        self.position = Learnt(1, (size // patch) ** 2 + 1, width)
        self.blocks = nn.ModuleList(
            Block(width, LocalAttention(width, heads, dimension), hidden) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        self.sites = Sites(**{f"block{i}": hidden for i in range(1, depth + 1)})

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x)
        x = torch.cat((self.token.weight.expand(x.shape[0], -1, -1), x), dim=1) + self.position.weight
        for i, block in enumerate(self.blocks, start=1):
            x = block(x, self.sites[f"block{i}"])
        return self.head(self.norm(x[:, 0]))  # type: ignore[no-any-return]
