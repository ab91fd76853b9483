"""Tables with published cells beside measured ones, evidence, and the page of claims."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.leaderboard.papers.beside import Measured, averaged, beside
from nasbench_sparse.leaderboard.papers.claims import MISSING, claims_page, claims_table
from nasbench_sparse.leaderboard.papers.evidence import NOTHING, Evidence, compared, together
from nasbench_sparse.leaderboard.papers.snas import MARGIN, Found, Network, best_search, judged
from nasbench_sparse.leaderboard.papers.values import Value, grouped, paired
from nasbench_sparse.tasks.papers import claims
from nasbench_sparse.tasks.papers.published import Published

PRINTED = Published("Table 9", "%", {("a", "x"): "1.0", ("a", "y"): "2.0", ("b", "x"): "3.0", ("b", "y"): "4.0"})


def test_beside_puts_published_cells_in_brackets_and_keeps_their_order() -> None:
    measured = {("b", "x"): Measured(3.14159, 0.25, 5), ("c", "z"): Measured(7.0)}
    table, records = beside("title", "row", measured, PRINTED, digits=1)
    assert table.columns == ("row", "x", "y", "z")
    assert table.rows == (
        ("a", "— [1.0]", "— [2.0]", "—"),
        ("b", "3.1 ± 0.2 [3.0]", "— [4.0]", "—"),
        ("c", "—", "—", "7.0"),
    )
    assert records[2] == {
        "row": "b",
        "column": "x",
        "measured": 3.14159,
        "spread": 0.25,
        "n": 5,
        "published": "3.0",
    }


def test_beside_without_published_cells_has_no_brackets() -> None:
    table, _ = beside("title", "row", {("a", "x"): Measured(None, text="too few (2)")}, None, digits=1)
    assert table.rows == (("a", "too few (2)"),)


def test_averaged_is_mean_and_sample_deviation() -> None:
    cell = averaged(np.array([0.8, 0.9]), 100.0)
    assert cell.value == pytest.approx(85.0)
    assert cell.spread == pytest.approx(100 * np.sqrt(0.005))
    assert averaged(np.array([0.5])).spread is None


def test_values_are_grouped_and_paired_by_what_they_share() -> None:
    first = [Value({"m": "a"}, r, float(r)) for r in (0, 1, 2)]
    second = [Value({"m": "b"}, r, 10.0 + r) for r in (2, 1)]
    assert grouped([*first, *second], lambda one: one.config["m"])["b"].tolist() == [12.0, 11.0]
    one, other = paired(first, second, lambda value: value.replicate)
    assert (one.tolist(), other.tolist()) == ([1.0, 2.0], [11.0, 12.0])


def test_compared_is_the_exact_one_sided_test() -> None:
    """Five differences of one sign: p = 1/32."""
    low, high = np.zeros(5), np.arange(1.0, 6.0)
    found = compared(high, low, "first {first:.1f}, second {second:.1f}")
    assert replace(found, effect="") == Evidence("first 3.0, second 0.0", 5, "signed rank, p = 0.031", True)
    assert compared(low, high, "{first}").holds is False
    assert compared(low, high, "{first}", alternative="less").holds is True


def test_compared_says_mean_difference_and_rank_biserial() -> None:
    """Differences 1, 2, 3, 4 and -5: mean 1, rank sums 10 and 5, so r = (10 - 5) / 15."""
    found = compared(np.array([1.0, 2.0, 3.0, 4.0, -5.0]), np.zeros(5), "")
    difference, low, high, r = re.fullmatch(r"(\S+) \[(\S+), (\S+)\], r = (\S+)", found.effect).groups()  # type: ignore[union-attr]
    assert (difference, r) == ("+1", "+0.33")
    assert (low, high) == ("-3.4", "+5.4")  # Student's quantile 2.776 times a standard error of 1.581


def test_compared_with_a_margin_tests_less_and_shows_the_same() -> None:
    """Differences of -0.002 are within a margin of 0.01 in either direction, and not better without it."""
    worse, base = np.full(5, 0.9) - 0.002 - np.arange(5) * 1e-4, np.full(5, 0.9)
    plain, within = (compared(worse, base, "{first:.4f} {second:.4f}", margin=m) for m in (0.0, 0.01))
    assert (plain.holds, within.holds) == (False, True)
    assert (plain.measured, plain.effect) == (within.measured, within.effect)
    assert compared(-worse, -base, "", "less", margin=0.01).holds is True
    assert compared(-worse, -base, "", "less").holds is False


def test_compared_says_too_few_and_nothing() -> None:
    few = compared(np.ones(3), np.zeros(3), "{first:.0f}")
    assert (few.holds, few.n) == (None, 3)
    assert "too few" in few.test
    assert compared(np.array([]), np.array([]), "{first}") is NOTHING


def test_together_holds_if_all_parts_do() -> None:
    yes, no, open_ = (Evidence("m", 9, "t", holds) for holds in (True, False, None))
    assert together([yes, yes]).holds is True
    assert together([yes, no, open_]).holds is False
    assert together([yes, open_]).holds is None
    assert together([yes, NOTHING]).holds is None
    assert together([NOTHING]) is NOTHING


def network(searched: float, dense: float, density: float) -> Network:
    """Twelve replicates around two accuracies, which differ by replicate in the same way."""
    ups = {r: 0.001 * r for r in range(1, 13)}
    return Network({r: searched + up for r, up in ups.items()}, {r: dense + up for r, up in ups.items()}, density)


def test_snas_claims_pair_the_means_over_networks_by_replicate() -> None:
    """Twelve differences of -0.002: better is not so, p = 1; no worse by 0.005 is, p = 2^-12."""
    networks = [network(0.90, 0.904, 0.5), network(0.80, 0.80, 0.7)]
    better, within = judged(networks), judged(networks, MARGIN)
    assert (better.n, better.holds, better.test) == (12, False, "signed rank, p = 1")
    assert (within.n, within.holds, within.test) == (12, True, "signed rank, p = 0.00024")
    measured = "SNAS 0.8565 with 50% to 70% of the weights, dense 0.8585"
    assert better.measured == within.measured == measured
    assert judged([network(0.91, 0.90, 0.5)]).holds is True


def test_snas_claims_need_sparse_networks_and_shared_replicates() -> None:
    assert judged([network(0.91, 0.9, 0.62), network(0.91, 0.9, 1.0)]).holds is False
    assert "with 62% of the weights" in judged([network(0.9, 0.9, 0.62), network(0.9, 0.9, 0.621)]).measured
    assert judged([network(0.89, 0.9, 0.5)], MARGIN).holds is False
    half = network(0.9, 0.9, 0.5)
    assert judged([half, Network({1: 0.9, 99: 0.9}, {1: 0.9}, 0.5)]).n == 1
    assert judged([half, Network({99: 0.9}, {1: 0.9}, 0.5)]) is NOTHING
    assert judged([]) is NOTHING


def found(method: str, test: float, validation: float) -> Found:
    return Found(method, np.array([test]), validation, 0.5, 0.1, 100)


def test_better_search_is_chosen_by_validation_accuracy() -> None:
    """The one of higher test accuracy is not taken; the dense network is no search."""
    dense, first, second = found("dense", 0.9, 0.99), found("random", 0.8, 0.7), found("GP-UCB", 0.7, 0.8)
    assert best_search([dense, first, second]) is second
    assert best_search([dense]) is None


def test_claims_without_a_store_say_so() -> None:
    table = claims_table(None)
    assert len(table.rows) == len(claims())
    measured = table.columns.index("measured")
    assert {row[measured] for row in table.rows} == {MISSING}


def test_page_of_claims_is_the_documented_one() -> None:
    """Rows of docs/papers.md change with a store; its introduction and its claims do not."""
    page = claims_page(claims_table(None))
    written = (Path(__file__).parents[2] / "docs" / "papers.md").read_text(encoding="utf-8")
    assert written.partition("| paper |")[0] == page.partition("| paper |")[0]
    for claim in claims().values():
        assert claim.says in written
