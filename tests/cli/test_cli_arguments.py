"""Arguments with a syntax of their own."""

from __future__ import annotations

import pytest

from nasbench_sparse.cli.arguments import parse_seeds, parse_value
from nasbench_sparse.cli.time_left import TimeLeft
from nasbench_sparse.errors import NbsError


@pytest.mark.parametrize(
    ("text", "seeds"), [("0", [0]), ("0-4,7", [0, 1, 2, 3, 4, 7]), ("3,1-3", [3, 1, 2]), (" 1 - 2 ", [1, 2])]
)
def test_parse_seeds_reads_numbers_and_ranges(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "-1", "1-", "2-1", "1,,2", "1.5"])
def test_parse_seeds_refuses_other_text(text: str) -> None:
    with pytest.raises(NbsError, match="--seeds"):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("3.0", 3.0),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("[1,2]", [1, 2]),
        ('{"a":1}', {"a": 1}),
        ("null", None),
        ("TPE", "TPE"),
        ("NaN", "NaN"),
    ],
)
def test_parse_value_types_what_it_reads(text: str, value: object) -> None:
    found = parse_value(text)
    assert found == value
    assert type(found) is type(value)


def test_time_left_adds_up_each_task_at_its_own_rate() -> None:
    left = TimeLeft(["a", "a", "b", "c"], now=0.0)
    assert left.seconds is None
    left.advance("a", 0.5, 2.0)
    left.advance("b", 0.25, 12.0)
    # a: 1.5 runs left at 4 s a run; b: 0.75 at 40; c, unseen: 1 at the mean of 12 s / 0.75
    assert left.seconds == pytest.approx(1.5 * 4 + 0.75 * 40 + 16)


def test_time_left_takes_no_rate_from_replayed_work() -> None:
    left = TimeLeft(["a"], now=0.0)
    left.advance("a", 0.5, 0.001, replayed=True)
    assert left.seconds is None
    left.advance("a", 0.25, 1.001)
    assert left.seconds == pytest.approx(1.0)
