"""Sites evaluated in pieces: the same numbers with less memory, and finite wherever they are bounded."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nasbench_sparse.core.operations import BINARY, CELL_EDGES, OPERATORS, UNARY
from nasbench_sparse.core.space import Relaxation
from nasbench_sparse.nn import recomputed
from nasbench_sparse.nn.dirichlet import Architecture
from nasbench_sparse.nn.search_cell import MixedSite, build_architecture, build_sites, resample, set_to_best

CELL = Relaxation("cell", CELL_EDGES, (UNARY,) * 4 + (BINARY,) * 2)
CHROMOSOME = Relaxation("chromosome", ("operator_0",), (OPERATORS,))


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _site(
    relaxation: Relaxation = CELL, *, seed: int = 0, drops: int = 0, learn: bool = True, bounded: bool = True
) -> tuple[MixedSite, Architecture]:
    architecture = build_architecture(relaxation, _generator(seed))
    for _ in range(drops):
        architecture.drop()
    (site,) = build_sites(relaxation, 1, bounded)
    resample([site], architecture, _generator(seed + 1), learn=learn)
    return site, architecture


def _slope(site: MixedSite, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    y = site(x)
    return y.detach(), torch.autograd.grad(y.sum(), x)[0]


@pytest.mark.parametrize("relaxation", [CELL, CHROMOSOME])
def test_pieces_of_any_size_give_the_same_values_and_gradients(
    relaxation: Relaxation, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = 3 * torch.randn(7, 11, 13, generator=_generator())
    found = []
    for size in (1 << 20, 64, 7):
        monkeypatch.setitem(recomputed.PIECE, "cpu", size)
        site, architecture = _site(relaxation, drops=5)
        inputs = x.clone().requires_grad_()
        y = site(inputs)
        found.append((y, *torch.autograd.grad(y.square().sum(), (inputs, architecture.a))))
    for other in found[1:]:
        for got, expected in zip(other, found[0], strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("relaxation", [CELL, CHROMOSOME])
def test_gradient_of_the_input_does_not_depend_on_what_else_is_learnt(
    relaxation: Relaxation, bounded: bool
) -> None:
    x = torch.randn(5, 6, generator=_generator(3))
    with_weights = _slope(_site(relaxation, learn=True, bounded=bounded)[0], x)
    without = _slope(_site(relaxation, learn=False, bounded=bounded)[0], x)
    for got, expected in zip(without, with_weights, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("learn", [True, False])
def test_one_tensor_of_the_inputs_size_is_kept_for_the_backward_pass(learn: bool) -> None:
    site, _ = _site(learn=learn)
    x = torch.randn(50, 100).requires_grad_()
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        site(x)
    assert sorted(kept.values())[-1] == x.numel()
    assert sum(size for size in kept.values() if size >= x.numel()) == x.numel()


def test_site_takes_inputs_that_are_not_contiguous() -> None:
    x = torch.randn(6, 8, generator=_generator(1))
    for learn in (True, False):
        straight, turned = _slope(_site(learn=learn)[0], x), _slope(_site(learn=learn)[0], x.t().contiguous().t())
        assert all(torch.equal(a, b) for a, b in zip(straight, turned, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("seed", range(10))
def test_searched_cells_are_finite_in_value_and_gradient(seed: int, dtype: torch.dtype) -> None:
    site, architecture = _site(seed=seed, drops=10 * seed)
    x = torch.linspace(-1e4, 1e4, 2001).to(dtype).requires_grad_()
    y = site(x)
    y.float().sum().backward()
    assert y.dtype == dtype
    for gradient in (x.grad, architecture.a.grad, architecture.gammas.grad):
        assert gradient is not None
        assert torch.isfinite(gradient).all()
    assert y.abs().max().item() <= 10.1
    set_to_best([site], architecture)
    y, slope = _slope(site, x.detach())
    assert torch.isfinite(y).all()
    assert torch.isfinite(slope).all()


def test_site_under_no_grad_keeps_nothing() -> None:
    site, _ = _site()
    with torch.no_grad():
        assert not site(torch.randn(4)).requires_grad
