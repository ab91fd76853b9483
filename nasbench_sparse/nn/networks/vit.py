"""The vision transformer: ViT-Ti, ViT-S and ViT-B."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.networks.transformer import Block, Learnt, SelfAttention
from nasbench_sparse.nn.sites import Sites


class ViT(nn.Module):
    """Square patches, a class token, learnt positions, pre-normalised blocks, a linear layer on the class token.

    Sites: `block<i>`, the activation of the perceptron in block i (GELU in the published networks). No dropout.

    Args:
        width: dimension of a token.
        depth: number of blocks.
        hidden: units of each perceptron; None means four times the width.
        size: height and width of the images that patches are cut from, in pixels.
        patch: height and width of a patch.
        channels: of the input images.
        enlarged_from: height and width of the input images, which are enlarged to `size` by bilinear interpolation
            first; None means that they have that size.

    Raises:
        TaskError: heads that do not divide the width, a patch that does not divide the size, or images that would
            not be enlarged.

    References:
        Dosovitskiy et al. (2021), section 3.1; GRAFS, table 8, for ViT-Ti and ViT-S.
    """

    initialisation = "normal"

    def __init__(
        self,
        width: int,
        depth: int,
        heads: int,
        hidden: int | None = None,
        classes: int = 1000,
        size: int = 224,
        patch: int = 16,
        channels: int = 3,
        enlarged_from: int | None = None,
    ) -> None:
        super().__init__()
        hidden = 4 * width if hidden is None else hidden
        if size % patch:
            raise TaskError(f"patches of {patch} pixels do not divide images of {size}")
        if enlarged_from is not None and not 0 < enlarged_from < size:
            raise TaskError(f"images of {enlarged_from} pixels cannot be enlarged to {size}")
        self.enlarged_from, self.size = enlarged_from, size
        self.patches = nn.Conv2d(channels, width, patch, patch)
        self.token = Learnt(1, 1, width)
        self.position = Learnt(1, (size // patch) ** 2 + 1, width)
        self.blocks = nn.ModuleList(
            Block(width, SelfAttention(width, heads), hidden, eps=1e-6) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        self.sites = Sites(**{f"block{i}": hidden for i in range(1, depth + 1)})

    def forward(self, x: Tensor) -> Tensor:
        if self.enlarged_from is not None:
            x = self._enlarged(x)
        x = self.patches(x).flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, patches, width)
        x = torch.cat((self.token.weight.expand(x.shape[0], -1, -1), x), dim=1) + self.position.weight
        for i, block in enumerate(self.blocks, start=1):
            x = block(x, self.sites[f"block{i}"])
        return self.head(self.norm(x[:, 0]))  # type: ignore[no-any-return]

    def _enlarged(self, x: Tensor) -> Tensor:
        """Return images of the full size, (B, C, size, size), of inputs of `enlarged_from` pixels."""
        if x.shape[-2:] != (self.enlarged_from, self.enlarged_from):
            wanted = f"{self.enlarged_from} x {self.enlarged_from}"
            raise TaskError(f"images are {x.shape[-2]} x {x.shape[-1]} pixels, not {wanted}")
        return nn.functional.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)
