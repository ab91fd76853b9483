"""GPT-2 without biases: miniGPT, tinyGPT and smallGPT."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.nn.networks.transformer import Block, Learnt, SelfAttention
from nasbench_sparse.nn.sites import Sites


class GPT(nn.Module):
    """Token indices (B, T) to logits (B, T, vocabulary), each token seeing those before it and itself.

    The logits come from the token embedding itself (tied weights), so neither is a prunable layer. Published counts
    of parameters leave out the learnt positions. Sites: `block<i>`, the activation of the perceptron in block i
    (GELU in the published networks). No dropout.

    Args:
        depth: number of blocks.
        width: dimension of a token.
        context: longest T.

    Raises:
        TaskError: heads that do not divide the width.

    References:
        Radford et al. (2019); GRAFS, section 4.3 and table 9 (tinyGPT's width is 384, which its heads divide).
    """

    initialisation = "gpt"

    def __init__(self, depth: int, heads: int, width: int, vocabulary: int = 50_304, context: int = 256) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.position = Learnt(context, width)
        self.blocks = nn.ModuleList(
            Block(width, SelfAttention(width, heads, bias=False, causal=True), 4 * width, bias=False)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, bias=False)
        self.sites = Sites(**{f"block{i}": 4 * width for i in range(1, depth + 1)})

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.position.weight[: tokens.shape[1]]  # (B, T, width)
        for i, block in enumerate(self.blocks, start=1):
            x = block(x, self.sites[f"block{i}"])
        return functional.linear(self.norm(x), self.tokens.weight)
