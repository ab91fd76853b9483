"""A Dirichlet distribution over the operations of each of several edges, learnt and progressively shrunk.

References:
    Chen et al. (2021), "DrNAS: Dirichlet neural architecture search"; GRAFS (Strack et al., 2024), sections 3.2,
    3.3 and appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

TINY = 1e-20


class Architecture:
    """Logits `a`, constants `gammas` and surviving operations `alive`, each of shape (edges, most operations).

    The weights of an edge follow Dirichlet(elu(a) + 1) over its survivors. `a` starts at 1e-6 U(0, 1).

    Args:
        sizes: number of operations of each edge; shorter edges are padded with operations that are not alive.
        gammas: initial constants, (edges, most operations), used where an operation has one.
        generator: source of the initial `a`.
        sampled: whether weights are drawn; else they are the softmax of `a` over the survivors, as in DARTS
            (Liu et al., 2019, equation 2), and nothing is drawn.
    """

    def __init__(
        self, sizes: Sequence[int], gammas: Tensor, generator: torch.Generator, *, sampled: bool = True
    ) -> None:
        self.sampled = sampled
        shape = (len(sizes), max(sizes))
        self.a = (1e-6 * torch.rand(shape, generator=generator)).requires_grad_()
        self.gammas = gammas.clone().requires_grad_()
        self.alive = torch.arange(max(sizes)) < torch.tensor(sizes).unsqueeze(1)

    @property
    def concentration(self) -> Tensor:
        """rho = elu(a) + 1, shape (edges, operations); 1 is the anchor that weight decay pulls to."""
        return F.elu(self.a) + 1.0

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` independent sets of weights, (count, edges, operations), 0 where not alive.

        They are gamma variates over their sum, which carries the reparametrised gradient to `a`. (The
        distributions of torch draw from the global generator.)
        """
        if not self.sampled:
            return self._softmax().expand(count, *self.a.shape)
        rates = self.concentration.expand(count, *self.a.shape).contiguous()
        variates = torch._standard_gamma(rates, generator=generator).clamp(min=TINY) * self.alive
        return variates / variates.sum(dim=-1, keepdim=True)

    def mean(self) -> Tensor:
        """Return the expected weights, (edges, operations)."""
        if not self.sampled:
            return self._softmax().detach()
        rates = self.concentration.clamp(min=TINY) * self.alive
        return (rates / rates.sum(dim=-1, keepdim=True)).detach()

    def _softmax(self) -> Tensor:
        return torch.softmax(self.a.masked_fill(~self.alive, -torch.inf), dim=-1)

    def drop(self) -> tuple[int, int]:
        """Drop one operation: of the edge with most left (first on a tie), the one with the lowest `a`.

        Returns:
            The edge and the operation, as indices.
        """
        edge = int(self.alive.sum(dim=1).argmax())
        operation = int(self.a[edge].detach().masked_fill(~self.alive[edge], torch.inf).argmin())
        self.alive[edge, operation] = False
        return edge, operation

    def best(self) -> list[int]:
        """Return the surviving operation with the highest `a` of each edge."""
        return self.a.detach().masked_fill(~self.alive, -torch.inf).argmax(dim=1).tolist()

    def survivors(self) -> tuple[tuple[int, ...], ...]:
        """Return the surviving operations of each edge, as indices in order."""
        return tuple(tuple(int(k) for k in row.nonzero().flatten()) for row in self.alive)
