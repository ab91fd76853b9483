"""The Dirichlet over operations against closed forms, and the order of drops."""

from __future__ import annotations

import torch

from nasbench_sparse.nn.dirichlet import Architecture


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _architecture(*sizes: int) -> Architecture:
    return Architecture(sizes, torch.zeros(len(sizes), max(sizes)), _generator())


def test_architecture_starts_near_zero_so_that_concentrations_are_near_one() -> None:
    architecture = _architecture(23, 9)
    assert (architecture.a >= 0).all()
    assert 0 < architecture.a.max().item() < 1e-6
    torch.testing.assert_close(architecture.concentration, torch.ones(2, 23), rtol=0, atol=1e-5)


def test_concentration_is_elu_plus_one() -> None:
    architecture = _architecture(3)
    architecture.a.data = torch.tensor([[2.0, 0.0, -1.0]])
    expected = torch.tensor([[3.0, 1.0, 0.36787944]])
    torch.testing.assert_close(architecture.concentration, expected)


def test_sample_has_the_moments_of_a_dirichlet() -> None:
    architecture = _architecture(3)
    rates = torch.tensor([3.0, 1.5, 0.5])
    architecture.a.data = torch.where(rates > 1, rates - 1, rates.log()).view(1, 3)
    count, total = 40_000, 5.0
    sample = architecture.sample(count, _generator(1)).detach()[:, 0]
    mean = rates / total
    variance = mean * (1 - mean) / (total + 1)
    assert ((sample.mean(0) - mean).abs() < 5 * (variance / count).sqrt()).all()
    torch.testing.assert_close(sample.var(0), variance, rtol=0.05, atol=0)
    torch.testing.assert_close(sample.sum(-1), torch.ones(count))


def test_sample_carries_the_reparametrised_gradient() -> None:
    # d E[w_0] / d rho_0 = (total - rho_0) / total^2, and d rho_0 / d a_0 = 1 above zero.
    architecture = _architecture(2)
    architecture.a.data = torch.tensor([[2.0, 1.0]])  # rho = 3, 2
    gradients = []
    for seed in range(20):
        architecture.a.grad = None
        architecture.sample(2000, _generator(seed))[..., 0].mean().backward()
        assert architecture.a.grad is not None
        gradients.append(architecture.a.grad[0, 0])
    estimates = torch.stack(gradients)
    error = estimates.std() / len(gradients) ** 0.5
    assert (estimates.mean() - 2 / 25).abs() < 5 * error
    assert error < 0.01 * 2 / 25


def test_sample_depends_on_its_generator_alone() -> None:
    architecture = _architecture(4, 3)
    torch.manual_seed(5)
    first = architecture.sample(2, _generator(7))
    state = torch.get_rng_state()
    torch.rand(3)
    second = architecture.sample(2, _generator(7))
    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    torch.manual_seed(5)
    assert torch.equal(state, torch.get_rng_state())


def test_dropped_and_padded_operations_have_weight_zero() -> None:
    architecture = _architecture(4, 2)
    architecture.a.data[0] = torch.tensor([0.5, -0.5, 0.1, 0.2])
    assert architecture.drop() == (0, 1)
    sample = architecture.sample(3, _generator())
    assert (sample[:, 0, 1] == 0).all()
    assert (sample[:, 1, 2:] == 0).all()
    torch.testing.assert_close(sample.sum(-1), torch.ones(3, 2))
    torch.testing.assert_close(architecture.mean().sum(-1), torch.ones(2))
    assert architecture.mean()[0, 1] == 0


def test_last_operation_has_weight_one_and_gradient_zero() -> None:
    architecture = _architecture(2)
    architecture.drop()
    sample = architecture.sample(4, _generator())
    sample[..., architecture.best()[0]].pow(2).sum().backward()
    assert (sample[..., architecture.best()[0]] == 1).all()
    assert architecture.a.grad is not None
    torch.testing.assert_close(architecture.a.grad, torch.zeros(1, 2))


def test_drops_shrink_the_unary_edges_of_a_cell_before_any_binary_vertex() -> None:
    architecture = _architecture(23, 23, 23, 23, 9, 9)
    edges = [architecture.drop()[0] for _ in range(104)]
    assert set(edges[:56]) == {0, 1, 2, 3}
    assert edges[:8] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert edges[56:62] == [0, 1, 2, 3, 4, 5]
    assert [len(names) for names in architecture.survivors()] == [1] * 6


def test_drop_takes_the_lowest_and_best_is_the_highest() -> None:
    architecture = _architecture(4, 2)
    architecture.a.data[0] = torch.tensor([0.3, 0.1, -0.2, 0.2])
    architecture.a.data[1, :2] = torch.tensor([0.0, 1.0])
    assert [architecture.drop() for _ in range(4)] == [(0, 2), (0, 1), (0, 3), (1, 0)]
    assert architecture.best() == [0, 1]
    assert architecture.survivors() == ((0,), (1,))
