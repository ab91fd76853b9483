"""The continuous cell and chromosome against the discrete ones and a plain weighted sum."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nasbench_sparse.core.blueprint import Cell, Operator
from nasbench_sparse.core.operations import BINARY, CELL_EDGES, GAMMA_OPERATIONS, OPERATORS, UNARY
from nasbench_sparse.core.space import Relaxation
from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.activations import build
from nasbench_sparse.nn.operations import binary, unary
from nasbench_sparse.nn.pointwise import FORMULAS, Formula
from nasbench_sparse.nn.search_cell import Draw, build_architecture, build_sites, derived_config, resample

CELL = Relaxation("cell", CELL_EDGES, (UNARY,) * 4 + (BINARY,) * 2)
CHROMOSOME = Relaxation("chromosome", ("layer1", "layer2"), (OPERATORS,) * 2)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _one_hot(relaxation: Relaxation, chosen: list[int]) -> Tensor:
    width = max(len(names) for names in relaxation.operations)
    return torch.nn.functional.one_hot(torch.tensor(chosen), width).float()


@pytest.mark.parametrize("seed", range(12))
def test_mixed_cell_with_one_hot_weights_is_the_discrete_cell(seed: int) -> None:
    generator = _generator(seed)
    chosen = [int(torch.randint(len(names), (), generator=generator)) for names in CELL.operations]
    gammas = torch.randn(6, 23, generator=generator)
    names = [CELL.operations[e][k] for e, k in enumerate(chosen)]
    values = {CELL_EDGES[e]: float(gammas[e, k]) for e, k in enumerate(chosen)}
    given = tuple((e, v) for (e, v), name in zip(values.items(), names, strict=True) if name in GAMMA_OPERATIONS)
    discrete = build(Cell(tuple(names[:4]), tuple(names[4:]), given), 1)  # type: ignore[arg-type]
    x = 4 * torch.randn(5, 7, generator=generator)
    for survivors in (tuple((k,) for k in chosen), tuple(tuple(range(len(n))) for n in CELL.operations)):
        (site,) = build_sites(CELL, 1, bounded=True)
        site.draw = Draw(_one_hot(CELL, chosen), gammas, survivors)
        torch.testing.assert_close(site(x), discrete(x), rtol=1e-5, atol=1e-5)


def _plain_mixed_cell(x: Tensor, draw: Draw) -> Tensor:
    """Evaluate every edge by itself, operation by operation, as figure 1 draws the cell."""

    def edge(e: int, v: Tensor) -> Tensor:
        total = torch.zeros_like(v)
        for k in draw.survivors[e]:
            gamma = draw.gammas[e, k] if UNARY[k] in GAMMA_OPERATIONS else None
            total = total + draw.weights[e, k] * unary(UNARY[k], v, gamma)
        return total

    def vertex(e: int, left: Tensor, right: Tensor) -> Tensor:
        total = torch.zeros_like(left)
        for k in draw.survivors[e]:
            gamma = draw.gammas[e, k] if BINARY[k] in GAMMA_OPERATIONS else None
            total = total + draw.weights[e, k] * binary(BINARY[k], left, right, gamma)
        return total

    return vertex(5, edge(2, vertex(4, edge(0, x), edge(1, x))), edge(3, x))


@pytest.mark.parametrize("drops", [0, 40, 90])
def test_mixed_cell_matches_its_plain_evaluation_in_value_and_gradient(drops: int) -> None:
    architecture = build_architecture(CELL, _generator(drops))
    for _ in range(drops):
        architecture.drop()
    (site,) = build_sites(CELL, 1, bounded=True)
    resample([site], architecture, _generator(1), independent=True)
    site.double()
    drawn = site.drawn()
    weights = drawn.weights.detach().double().requires_grad_()
    gammas = drawn.gammas.detach().double().requires_grad_()
    site.draw = Draw(weights, gammas, drawn.survivors)
    x = (3 * torch.randn(4, 5, 2, generator=_generator(2))).double().requires_grad_()
    inputs = (x, weights, gammas)
    fast, plain = site(x), _plain_mixed_cell(x, site.draw)
    torch.testing.assert_close(fast, plain, rtol=1e-10, atol=1e-10)
    cotangent = torch.randn(4, 5, 2, generator=_generator(3)).double()
    for grads in zip(
        torch.autograd.grad(fast, inputs, cotangent), torch.autograd.grad(plain, inputs, cotangent), strict=True
    ):
        torch.testing.assert_close(*grads, rtol=1e-8, atol=1e-8)


def test_mixed_cell_is_finite_for_large_inputs() -> None:
    architecture = build_architecture(CELL, _generator())
    (site,) = build_sites(CELL, 1, bounded=True)
    resample([site], architecture, _generator(1), independent=True)
    x = torch.linspace(-1e4, 1e4, 999).requires_grad_()
    y = site(x)
    y.sum().backward()
    assert y.abs().max().item() <= 10.001
    for gradient in (x.grad, architecture.a.grad, architecture.gammas.grad):
        assert gradient is not None
        assert torch.isfinite(gradient).all()


def test_mixed_cell_evaluates_survivors_only_and_shares_what_sees_the_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    def counted(name: str, formula: Formula) -> Formula:
        return Formula(lambda p: (calls.append(name), formula.value(p))[1], formula.derivative)

    for name, formula in FORMULAS.items():
        monkeypatch.setitem(FORMULAS, name, counted(name, formula))
    architecture = build_architecture(CELL, _generator())
    (site,) = build_sites(CELL, 1, bounded=True)
    resample([site], architecture, _generator(1), independent=True)
    site(torch.ones(3))
    assert len(calls) == 20 + 20  # the operations without gamma, for u1, u2, u4 together and for u3
    architecture.alive[:] = False
    for edge, names in enumerate((("gelu", "tanh"), ("tanh",), ("exp",), ("gelu", "scale"))):
        architecture.alive[edge, [UNARY.index(n) for n in names]] = True
    architecture.alive[4:, 0] = True
    resample([site], architecture, _generator(1), independent=True)
    calls.clear()
    site(torch.ones(3))
    assert sorted(calls) == ["exp", "gelu", "tanh"]


def test_resample_draws_independently_for_each_site_unless_told_otherwise() -> None:
    architecture = build_architecture(CELL, _generator())
    sites = build_sites(CELL, 3, bounded=True)
    resample(sites, architecture, _generator(1), independent=True)
    drawn = [site.drawn().weights for site in sites]
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[1], drawn[2])
    resample(sites, architecture, _generator(1), independent=False)
    drawn = [site.drawn().weights for site in sites]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[1], drawn[2])


def test_unary_gammas_start_at_one_with_variance_a_quarter_and_mix_gammas_at_zero() -> None:
    starts = torch.stack([build_architecture(CELL, _generator(s)).gammas.detach() for s in range(60)])
    unary_starts = starts[:, :4].flatten()
    assert abs(unary_starts.mean().item() - 1.0) < 5 * 0.5 / len(unary_starts) ** 0.5
    assert abs(unary_starts.var().item() - 0.25) < 5 * 0.25 * (2 / len(unary_starts)) ** 0.5
    assert (starts[:, 4:, BINARY.index("mix")] == 0).all()


def test_sites_of_the_supernet_hold_no_parameters() -> None:
    for relaxation in (CELL, CHROMOSOME):
        for site in build_sites(relaxation, 2, bounded=True):
            assert not list(site.parameters())


def test_mixed_operators_use_their_own_layer_and_are_bounded() -> None:
    sites = build_sites(CHROMOSOME, 2, bounded=True)
    chosen = [OPERATORS.index("swish"), OPERATORS.index("symexp")]
    for site in sites:
        site.draw = Draw(_one_hot(CHROMOSOME, chosen), torch.zeros(2, 13), (tuple(range(13)),) * 2)
    x = torch.linspace(-2, 2, 9)
    torch.testing.assert_close(sites[0](x), build(Operator("swish"), 1)(x))
    torch.testing.assert_close(sites[1](x), build(Operator("symexp"), 1)(x))
    torch.testing.assert_close(sites[1](torch.tensor([5.0, -5.0])), torch.tensor([10.0, -10.0]))


def test_chromosome_of_another_length_is_refused() -> None:
    with pytest.raises(TaskError, match="2 operators relaxes no network of 3 sites"):
        build_sites(CHROMOSOME, 3, bounded=True)


def test_network_without_an_activation_is_refused() -> None:
    with pytest.raises(TaskError, match="no activation site"):
        build_sites(CELL, 0, bounded=True)


def test_derived_config_names_the_best_operations_with_their_gammas() -> None:
    architecture = build_architecture(CELL, _generator())
    best = ("scale", "gelu", "tanh", "constant", "mix", "add")
    for edge, name in enumerate(best):
        architecture.a.data[edge, CELL.operations[edge].index(name)] = 1.0
    config = derived_config(CELL, architecture)
    gammas = {
        "gamma_u1": float(architecture.gammas.detach()[0, UNARY.index("scale")]),
        "gamma_u4": float(architecture.gammas.detach()[3, UNARY.index("constant")]),
        "gamma_b1": 0.0,
    }
    assert config == dict(zip(CELL_EDGES, best, strict=True)) | gammas
    config = derived_config(CHROMOSOME, build_architecture(CHROMOSOME, _generator()))
    assert set(config) == {"layer1", "layer2"}
    assert set(config.values()) <= set(OPERATORS)
