from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.quantise import initial_values, load, quantise, save

WEIGHT = torch.tensor([[1.0, -2.0, 0.0], [3.0, -4.0, 9.0]])
MASK = torch.tensor([[True, True, False], [True, True, False]])


def test_quantise_puts_means_for_positive_and_negative_survivors() -> None:
    (layer,) = quantise([("fc", WEIGHT)], [MASK])
    assert (layer.positive, layer.negative) == (2.0, -3.0)
    assert layer.weight.tolist() == [[2.0, -3.0, 0.0], [2.0, -3.0, 0.0]]


def test_quantise_without_survivors_of_a_sign_has_zero_for_it() -> None:
    (layer,) = quantise([("fc", WEIGHT.abs())], [MASK])
    assert (layer.positive, layer.negative) == (2.5, 0.0)
    (layer,) = quantise([("fc", WEIGHT)], [torch.zeros_like(MASK)])
    assert not layer.weight.any()


def test_quantise_counts_a_survivor_of_zero_as_positive() -> None:
    (layer,) = quantise([("fc", torch.tensor([0.0, 1.0, -1.0]))], [torch.ones(3, dtype=torch.bool)])
    assert layer.weight.tolist() == [0.5, 0.5, -1.0]


@given(seed=st.integers(0, 20), density=st.floats(0.0, 1.0))
def test_saved_initialisation_is_rebuilt_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, density: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    layers = [
        ("features.0", torch.randn(5, 3, 3, 3, generator=generator)),
        ("fc/odd name", torch.randn(3, 7, generator=generator)),
    ]
    masks = [torch.rand(w.shape, generator=generator) < density for _, w in layers]
    quantised = quantise(layers, masks)
    path = tmp_path_factory.mktemp("initialisation") / "two.safetensors"
    save(quantised, path)
    rebuilt = load(path)
    assert [layer.name for layer in rebuilt] == [name for name, _ in layers]
    for a, b, mask in zip(quantised, rebuilt, masks, strict=True):
        assert (a.positive, a.negative) == (b.positive, b.negative)
        assert torch.equal(b.mask, mask)
        assert torch.equal(a.weight, b.weight)
        assert b.weight.dtype == torch.float32


def test_save_stores_two_numbers_and_two_bitmaps(tmp_path: Path) -> None:
    sizes = []
    for columns in (8_000, 16_000):
        mask = torch.zeros(1, columns, dtype=torch.bool)
        mask[:, :1_600] = True
        save(quantise([("fc", torch.ones(1, columns))], [mask]), tmp_path / "a")
        sizes.append((tmp_path / "a").stat().st_size)
    assert sizes[1] - sizes[0] == pytest.approx(1_000, abs=16)  # one bit a weight; the header may grow by a digit
    assert sizes[0] < 1_000 + 200 + 600  # survivors, signs, header and two numbers


def test_load_refuses_another_file(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(b"no tensors")
    with pytest.raises(TaskError, match="no two-number initialisation"):
        load(path)


def test_initial_values_resets_biases_and_normalisations_and_nothing_else() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.PReLU(), nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.7)
    network(torch.randn(9, 3))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = initial_values(network, quantise([("0", WEIGHT)], [MASK]))
    assert state["0.weight"].tolist() == [[2.0, -3.0, 0.0], [2.0, -3.0, 0.0]]
    assert state["0.bias"].tolist() == [0.0, 0.0]
    assert (state["1.weight"].tolist(), state["1.bias"].tolist()) == ([1.0, 1.0], [0.0, 0.0])
    assert (state["1.running_mean"].tolist(), state["1.running_var"].tolist()) == ([0.0, 0.0], [1.0, 1.0])
    assert int(state["1.num_batches_tracked"]) == 0
    assert torch.equal(state["2.weight"], before["2.weight"])
    assert torch.equal(state["3.weight"], before["3.weight"])
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    network.load_state_dict(state)
