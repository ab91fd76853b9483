"""Numbers typed from the papers, against each other and against what they must follow from."""

from __future__ import annotations

import math

import pytest

from nasbench_sparse.tasks.papers import artefacts
from nasbench_sparse.tasks.papers.asni import PAPER as ASNI
from nasbench_sparse.tasks.papers.published import names, published
from nasbench_sparse.tasks.papers.snas import perceptron


@pytest.mark.parametrize("paper", ["thesis", "ap", "asni"])
def test_published_tables_are_those_of_artefacts(paper: str) -> None:
    tables = {name for name, item in artefacts().items() if item.paper == paper and "table" in name}
    assert set(names(paper)) == tables


def test_published_figure_has_no_numbers() -> None:
    assert published("ap", "ap-figure-1") is None


def test_published_keeps_the_printed_order() -> None:
    table = published("ap", "ap-table-1")
    assert table is not None
    assert list(table.cells.items())[3] == (("Global Magnitude", "5.72%"), "81.2 ± 1.1")


@pytest.mark.parametrize("row", list(ASNI))
def test_published_sparsities_of_asni_follow_from_the_sigmoid(row: str) -> None:
    table = published("asni", "asni-table-2")
    assert table is not None
    bench = ASNI[row]
    formula = bench.alpha / (1 + math.exp(-0.5 * bench.epochs / bench.gamma))
    within = 1.2 if row.startswith("5 ") else 0.71
    assert float(table.cells[row, "sparsity"]) == pytest.approx(formula, abs=within)


@pytest.mark.parametrize(
    "row", ["CIFAR-10, 2 layers, random", "CIFAR-10, 32 layers, dense", "CIFAR-100, 8 layers, GP-UCB"]
)
def test_published_shares_of_snas_follow_from_its_weights(row: str) -> None:
    table = published("thesis", "thesis-table-B.1")
    assert table is not None
    data, depth, _ = row.split(", ")
    _, sizes = perceptron(3072, 3076, int(depth.split()[0]), 10 if data == "CIFAR-10" else 100)
    share = float(table.cells[row, "weights, M"]) * 1e6 / sum(sizes)
    assert float(table.cells[row, "% of dense"]) == pytest.approx(100 * share, rel=0.007)


def test_published_tables_agree_where_the_papers_repeat_themselves() -> None:
    whole, part = published("thesis", "thesis-table-A.3a"), published("thesis", "thesis-table-3.3a")
    assert whole is not None
    assert part is not None
    assert {place: whole.cells[place] for place in part.cells} == dict(part.cells)
    first, again = published("ap", "ap-table-1"), published("ap", "ap-table-14")
    assert first is not None
    assert again is not None
    shared = [place for place in first.cells if place in again.cells]
    assert len(shared) == 8
    assert all(first.cells[place] == again.cells[place] for place in shared)
