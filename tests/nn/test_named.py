"""Activations by name: stored ones enter a declaration by content, and damaged files are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nasbench_sparse.core.blueprint import Blueprint, Cell, Network, Operator, Recipe, Train
from nasbench_sparse.core.declaration import declare
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.nn.activations import build
from nasbench_sparse.nn.named import activation, all_names, place, store, stored_names
from nasbench_sparse.nn.networks import build_network

FOUND = Cell(("scale", "gelu", "tanh", "identity"), ("mix", "add"), (("b1", 0.3), ("u1", -1.5)))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NASBENCH_SPARSE_ACTIVATIONS", str(tmp_path / "activations"))
    return tmp_path / "activations"


def test_stored_cell_comes_back_equal(home: Path) -> None:
    assert stored_names() == []
    path = store("found-1", FOUND, origin="run 12 on digits")
    assert path == home / "found-1.json"
    assert json.loads(path.read_text())["origin"] == "run 12 on digits"
    assert activation("found-1") == FOUND
    assert stored_names() == ["found-1"]
    assert "found-1" in all_names()


def test_stored_cell_is_declared_by_its_content_not_by_its_name(home: Path) -> None:
    blueprint = Blueprint(Network("lenet5"), (Train(1, Recipe()),))
    store("mine", FOUND)
    first = blueprint.with_activations((activation("mine"),))
    assert declare(first) == declare(blueprint.with_activations((FOUND,)))
    assert "mine" not in json.dumps(declare(first))
    (home / "mine.json").unlink()
    store("mine", replace(FOUND, bounded=False))
    second = blueprint.with_activations((activation("mine"),))
    assert declare(second) != declare(first)


def test_stored_cell_is_used_by_another_network(home: Path) -> None:
    store("mine", FOUND)
    network = build_network(Network("lenet5"), (activation("mine"),), torch.Generator().manual_seed(0))
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert sum("gamma_u1" in name for name in network.state_dict()) == 4


def test_built_in_names_are_operators(home: Path) -> None:
    assert activation("grafs-rn-1") == Operator("grafs-rn-1")
    assert activation("tanhsoft1") == Operator("tanhsoft1")
    assert activation("silu") == Operator("swish")
    for name in all_names():
        if name != "srelu":
            assert build(activation(name), 2)(torch.ones(3, 2)).shape == (3, 2)


@pytest.mark.parametrize("name", ["", "A", "../escape", "a b", "x" * 65, ".hidden"])
def test_store_refuses_what_is_no_name(home: Path, name: str) -> None:
    with pytest.raises(NbsError, match="is no name of an activation"):
        store(name, FOUND)


@pytest.mark.parametrize("name", ["gelu", "grafs-vit-1", "srelu", "taken"])
def test_store_refuses_a_name_that_is_taken(home: Path, name: str) -> None:
    store("taken", FOUND)
    with pytest.raises(NbsError, match="exists already"):
        store(name, FOUND)


def test_unknown_name_is_answered_with_the_nearest(home: Path) -> None:
    store("founding", FOUND)
    with pytest.raises(UnknownName, match="'foundin': did you mean 'founding'"):
        activation("foundin")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unary": ["gelu", "tanh", "tanh"]}, "3 edges and 2 vertices"),
        ({"unary": ["gelu", "tahn", "tanh", "tanh"], "gammas": {}}, "'u2' of activation 'bad': 'tahn'.*'tanh'"),
        ({"binary": ["mix", "plus"]}, "'b2' of activation 'bad': 'plus'"),
        ({"gammas": {"u2": 1.0}}, "gamma 'u2' = 1.0 belongs to no operation"),
        ({"gammas": {"b1": "x"}}, "gamma 'b1' = 'x'"),
        ({"bounded": 1}, "bounded must be true or false"),
        ({"more": 1}, "has the fields binary, bounded, gammas, origin, unary"),
    ],
)
def test_damaged_file_is_refused_with_the_edge_that_is_wrong(
    home: Path, change: dict[str, Any], message: str
) -> None:
    path = store("bad", FOUND)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(NbsError, match=message):
        activation("bad")


def test_unreadable_file_is_refused(home: Path) -> None:
    store("bad", FOUND).write_text("{")
    with pytest.raises(NbsError, match="cannot be read"):
        activation("bad")


def test_directory_is_the_given_one_then_the_environments(home: Path, tmp_path: Path) -> None:
    assert place() == home
    assert place(tmp_path / "given") == tmp_path / "given"


def test_nearest_names_of_an_unknown_activation_are_distinct() -> None:
    with pytest.raises(UnknownName, match="'ellu': did you mean 'elu' or 'relu' or 'gelu'"):
        activation("ellu")
