"""What the transformers share: learnt tensors, self-attention, the two-layer perceptron, and a block of both."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.errors import TaskError


class Learnt(nn.Module):
    """A learnt tensor, such as a class token, that starts at N(mean, deviation²)."""

    def __init__(self, *shape: int, mean: float = 0.0, deviation: float = 0.02) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))
        self.mean, self.deviation = mean, deviation


class SelfAttention(nn.Module):
    """Multi-head scaled dot-product self-attention, (B, tokens, width) to the same.

    Args:
        bias: of the two linear layers.
        causal: a token sees only itself and those before it.

    Raises:
        TaskError: a width that the heads do not divide.
    """

    def __init__(self, width: int, heads: int, bias: bool = True, causal: bool = False) -> None:
        super().__init__()
        if width % heads:
            raise TaskError(f"{heads} heads do not divide a width of {width}")
        self.mix = nn.Linear(width, 3 * width, bias=bias)
        self.project = nn.Linear(width, width, bias=bias)
        self.heads, self.causal = heads, causal

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = split_heads(self.mix(x), self.heads)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        return self.project(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class FeedForward(nn.Module):
    """Two linear layers with an activation between them."""

    def __init__(self, width: int, hidden: int, bias: bool = True) -> None:
        super().__init__()
        self.expand = nn.Linear(width, hidden, bias=bias)
        self.project = nn.Linear(hidden, width, bias=bias)

    def forward(self, x: Tensor, activation: nn.Module) -> Tensor:
        y = activation(self.expand(x).transpose(1, 2))  # a site reads (B, units, ...)
        return self.project(y.transpose(1, 2))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Attention and perceptron, each normalised before and added to its input."""

    def __init__(self, width: int, attention: nn.Module, hidden: int, bias: bool = True, eps: float = 1e-5) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=eps, bias=bias)
        self.attention = attention
        self.norm2 = nn.LayerNorm(width, eps=eps, bias=bias)
        self.perceptron = FeedForward(width, hidden, bias)

    def forward(self, x: Tensor, activation: nn.Module) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.perceptron(self.norm2(x), activation)  # type: ignore[no-any-return]


def split_heads(mixed: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Split (B, tokens, 3 * heads * dim) into query, key and value, each (B, heads, tokens, dim)."""
    parts = mixed.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # type: ignore[no-untyped-call]
    return parts[0], parts[1], parts[2]
