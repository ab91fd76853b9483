"""A step of the activation search (one of `a`, one of the weights) over a plain training step, on one thread.

The peer sums the same operations the plain way: every term is a node of the graph, and all of them are stacked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import thread_time

import torch
from torch import Tensor, nn

from benchmarks.measurement import Measurement, medians
from nasbench_sparse.core.blueprint import Network, Operator
from nasbench_sparse.core.operations import BINARY, CELL_EDGES, GAMMA_OPERATIONS, UNARY
from nasbench_sparse.core.space import Relaxation
from nasbench_sparse.nn.dirichlet import Architecture
from nasbench_sparse.nn.networks import build_network
from nasbench_sparse.nn.operations import binary, unary
from nasbench_sparse.nn.search_cell import MixedCell, MixedSite, build_architecture, resample
from nasbench_sparse.nn.sites import sites_of
from nasbench_sparse.training.drop_schedule import drops_per_epoch
from nasbench_sparse.training.losses import batch_loss

CELL = Relaxation("cell", CELL_EDGES, (UNARY,) * 4 + (BINARY,) * 2)
LEFT = (110, 62, 24, 6)
"""Operations left at which a search step is timed; between them its time is interpolated."""

MINI_GPT = (("depth", 3), ("heads", 3), ("width", 192), ("vocabulary", 50_304), ("context", 256))
SMALL_GPT = (("depth", 1), ("heads", 2), ("width", 32), ("vocabulary", 256), ("context", 32))

NETWORKS: dict[str, tuple[Network, tuple[int, ...], int]] = {
    "mlp": (Network("mlp", (("inputs", 784), ("hidden", (300, 100)))), (784,), 64),
    "lenet5": (Network("lenet5"), (1, 28, 28), 64),
    "resnet20": (Network("resnet20"), (3, 32, 32), 4),
    "vit_tiny": (Network("vit_tiny"), (3, 32, 32), 4),
    "mini_gpt": (Network("mini_gpt", MINI_GPT), (256,), 1),
    "resnet20 of width 4": (Network("resnet20", (("channels", 1), ("width", 4))), (1, 8, 8), 32),
    "mini_gpt of width 32": (Network("mini_gpt", SMALL_GPT), (32,), 16),
}
"""Networks, the shape of an input, and inputs of a batch; the last two are those of GRAFS's suites at `check`."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of a search and of an evaluation, in epochs or, of GPT, in iterations.

    Args:
        start: the first unit of the search that drops operations, twice its warm start.
        share: inputs that train weights in a unit of search, over those in one of evaluation.
        printed: the ratio of search to evaluation time in GRAFS, tables 2, 3 and 7; None where lengths are others.
    """

    search: int
    start: int
    evaluation: int
    share: float
    printed: float | None


LENGTHS: dict[str, Lengths] = {
    "resnet20": Lengths(50, 2, 200, 0.75, 4.1),
    "vit_tiny": Lengths(50, 2, 500, 0.75, 0.26),
    "mini_gpt": Lengths(1000, 200, 10_000, 4 / 16, 1.1),
    "resnet20 of width 4": Lengths(15, 2, 15, 0.75, None),
    "mini_gpt of width 32": Lengths(15, 2, 15, 0.75, None),
}
"""Of images a search has three quarters of the data for weights; of GPT 40 batches of 4 an iteration, where an
evaluation has 40 of 16 (GRAFS, tables 14 and 15)."""


class StackedCell(MixedSite):
    """The mixed cell with every operation of every edge in the graph."""

    def forward(self, x: Tensor) -> Tensor:
        u1, u2, u4 = (self._edge(edge, x) for edge in (0, 1, 3))
        return self._vertex(5, self._edge(2, self._vertex(4, u1, u2)), u4)

    def _edge(self, edge: int, x: Tensor) -> Tensor:
        return self._sum(edge, lambda name, gamma: unary(name, x, gamma))

    def _vertex(self, vertex: int, left: Tensor, right: Tensor) -> Tensor:
        return self._sum(vertex, lambda name, gamma: binary(name, left, right, gamma))

    def _sum(self, edge: int, term: Callable[[str, Tensor | None], Tensor]) -> Tensor:
        draw, names = self.drawn(), self.operations[edge]
        alive = list(draw.survivors[edge])
        gammas = [draw.gammas[edge, k] if names[k] in GAMMA_OPERATIONS else None for k in alive]
        terms = torch.stack([term(names[k], gamma) for k, gamma in zip(alive, gammas, strict=True)])
        return torch.tensordot(draw.weights[edge, alive], terms, 1)


def measure(*, repetitions: int = 3, networks: int = 2) -> list[Measurement]:
    """Time networks one after the other; the first so many of them."""
    torch.set_num_threads(1)
    return [m for name in list(NETWORKS)[:networks] for m in _measure(name, repetitions)]


def _measure(name: str, repetitions: int) -> list[Measurement]:
    network, shape, batch = NETWORKS[name]
    plain = _steps(network, shape, batch, None, 6)
    contenders = [plain] + [
        _steps(network, shape, batch, kind, n) for n in LEFT for kind in (MixedCell, StackedCell)
    ]
    base, *times = medians(*contenders, repetitions=repetitions)
    ours, peers = [t / base for t in times[::2]], [t / base for t in times[1::2]]
    what = f"thread seconds, batches of {batch}; plain step {1e3 * base:.3g} ms"
    kept = [_kept(network, shape, batch, kind) for kind in (MixedCell, StackedCell)]
    note = f"bytes kept for the backward pass with all 110 operations, of a plain step {kept[0][0]:,}"
    found = [
        Measurement(
            f"{name}: memory of a search step", kept[0][1], "x plain step", None, "stacked", kept[1][1], note
        )
    ]
    found += [
        Measurement(f"{name}: search step, {n} operations left", mine, "x plain step", None, "stacked", other, what)
        for n, mine, other in zip(LEFT, ours, peers, strict=True)
    ]
    if name in LENGTHS:
        lengths = LENGTHS[name]
        means = [_search_over_evaluation(lengths, times) for times in (ours, peers)]
        note = (
            f"search of {lengths.search} over evaluation of {lengths.evaluation}, {lengths.share:g} of the inputs"
        )
        note += "" if lengths.printed is None else f"; GRAFS printed {lengths.printed} on its GPU"
        found.append(
            Measurement(
                f"{name}: search / evaluation", means[0], "x time", lengths.printed, "stacked", means[1], note
            )
        )
    return found


def _search_over_evaluation(lengths: Lengths, times: Sequence[float]) -> float:
    """Return the time of a whole search over that of an evaluation, given steps over plain ones at `LEFT`."""
    left, total = sum(map(len, CELL.operations)), 0.0
    for dropped in drops_per_epoch(left - len(CELL.operations), lengths.search, lengths.start):
        left -= dropped
        total += _between(times, left)
    return lengths.share * total / lengths.evaluation


def _between(times: Sequence[float], left: int) -> float:
    for (n, t), (m, u) in zip(zip(LEFT, times, strict=True), zip(LEFT[1:], times[1:], strict=True), strict=False):
        if m <= left <= n:
            return u + (t - u) * (left - m) / (n - m)
    raise ValueError(f"{left} operations lie outside {LEFT}")


def _kept(network: Network, shape: tuple[int, ...], batch: int, kind: type[MixedSite]) -> tuple[int, float]:
    """Return the bytes that a plain forward pass keeps for the backward pass, and a mixed one's over them."""
    inputs, _ = _batch(network, shape, batch, torch.Generator().manual_seed(1))
    sizes: list[int] = []
    for replaced in (None, kind):
        module, _, _ = _supernet(network, replaced, 110)
        kept: dict[int, int] = {}

        def keep(tensor: Tensor, kept: dict[int, int] = kept) -> Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            output = module(inputs)
        sizes.append(sum(kept.values()))
        del output
    return sizes[0], sizes[1] / sizes[0]


def _batch(
    network: Network, shape: tuple[int, ...], batch: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return made-up inputs (batch, *shape) and labels (batch,); of texts two times tokens (batch, tokens)."""
    words = dict(network.options).get("vocabulary")
    if words is None:
        return torch.randn(batch, *shape, generator=generator), torch.arange(batch) % 10
    tokens = torch.randint(words, (2, batch, *shape), generator=generator)
    return tokens[0], tokens[1]


def _supernet(
    network: Network, kind: type[MixedSite] | None, left: int
) -> tuple[nn.Module, list[MixedSite], Architecture]:
    """Build a network, its activations mixed where `kind` says how, with weights drawn."""
    generator = torch.Generator().manual_seed(0)
    module = build_network(network, (Operator("relu"),), generator)
    architecture = build_architecture(CELL, generator)
    for _ in range(110 - left):
        architecture.drop()
    sites: list[MixedSite] = []
    if kind is not None:
        for site in list(sites_of(module)):
            sites.append(kind(CELL.operations, True))
            sites_of(module)[site] = sites[-1]
        resample(sites, architecture, generator)
    return module, sites, architecture


def _steps(
    network: Network, shape: tuple[int, ...], batch: int, kind: type[MixedSite] | None, left: int
) -> Callable[[], float]:
    """Return what takes a plain step, or one of `a` and one of the weights, and gives its thread seconds."""
    module, sites, architecture = _supernet(network, kind, left)
    generator = torch.Generator().manual_seed(1)
    inputs, labels = _batch(network, shape, batch, generator)
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)

    def weight_step() -> None:
        if sites:
            resample(sites, architecture, generator, learn=False)
        optimizer.zero_grad()
        batch_loss(module(inputs), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def run() -> float:
        started = thread_time()
        if sites:
            resample(sites, architecture, generator)
            loss = batch_loss(module(inputs), labels)
            torch.autograd.grad(loss, (architecture.a, architecture.gammas), allow_unused=True)
        weight_step()
        return thread_time() - started

    return run
