"""Whether a network can read a data set and tell its classes apart."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Network
from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.networks.build import on_meta
from nasbench_sparse.training.fitting import check_fit

GPT = {"depth": 1, "heads": 2, "width": 16, "vocabulary": 256, "context": 64}


@pytest.mark.parametrize(
    ("network", "dataset"),
    [
        (Network("mlp", (("inputs", 64), ("hidden", (8,)))), "digits"),
        (Network("mlp", (("inputs", 64), ("hidden", ()), ("classes", 12))), "digits"),
        (Network("cnn1d"), "mnist1d"),
        (Network("lenet5"), "mnist"),
        (Network("resnet20", (("width", 4),)), "cifar10"),
        (Network("mini_gpt", tuple(GPT.items())), "python-docs"),
        (Network("mini_gpt", tuple(GPT.items())), "python-docs:block=16"),
    ],
)
def test_networks_that_fit_pass(network: Network, dataset: str) -> None:
    before = torch.get_rng_state()
    check_fit(network.name, on_meta(network.name, dict(network.options)), dataset)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("name", "options", "dataset", "message"),
    [
        ("mlp", {"inputs": 65, "hidden": (8,)}, "digits", r"of shape \(1, 8, 8\): it stops at layer 'layers.0'"),
        ("mlp", {"inputs": 65, "hidden": (8,)}, "digits", r"which is given \(64,\)"),
        ("resnet20", {}, "fashion-mnist", "stops at layer 'conv', Conv2d"),
        ("lenet5", {}, "digits", "network 'lenet5' cannot read the examples"),
        ("mlp", {"inputs": 64, "hidden": (8,), "classes": 5}, "digits", "has 5 outputs, and data set .* has 10"),
        ("mini_gpt", {**GPT, "context": 32}, "python-docs", "cannot read the examples"),
        ("mini_gpt", {**GPT, "vocabulary": 99}, "python-docs", "has 99 outputs, and data set .* has 256"),
    ],
)  # fmt: skip
def test_networks_that_do_not_fit_are_refused(
    name: str, options: dict[str, Any], dataset: str, message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        check_fit(name, on_meta(name, options), dataset)


def test_answers_of_another_shape_are_refused() -> None:
    class Pixelwise(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(2).expand(-1, 10, -1)

    with pytest.raises(TaskError, match=r"with shape \(10, 64\); allowed is \(10,\)"):
        check_fit("pixelwise", Pixelwise(), "digits")


def test_a_pass_stores_one_number_a_weight_tensor() -> None:
    network = on_meta("mlp", {"inputs": 64, "hidden": (1000, 1000)})
    check_fit("mlp", network, "digits")
    assert [weight.untyped_storage().nbytes() for weight in network.parameters()] == [4] * 6
    assert sum(weight.numel() for weight in network.parameters()) > 1_000_000
