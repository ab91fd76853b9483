"""Reports made by two processes: the same bytes, and nothing missing when one dies."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nasbench_sparse.leaderboard.report.build import build_report
from nasbench_sparse.leaderboard.report.together import make_together
from tests.leaderboard.synthetic import graded, write_store


class Sign(NamedTuple):
    """The process that was called, and a file that the other makes once it has begun."""

    caller: int
    begun: Path


def begins(sign: Sign) -> int:
    sign.begun.touch()
    return os.getpid()


def begins_and_fails(sign: Sign) -> int:
    begins(sign)
    raise ValueError("no section")


def waits(sign: Sign) -> int:
    while not sign.begun.exists():
        time.sleep(0.01)
    return os.getpid()


def fails(sign: Sign) -> int:
    raise ValueError("no section")


def dies_elsewhere(sign: Sign) -> int:
    if os.getpid() != sign.caller:
        os._exit(1)
    return os.getpid()


@pytest.fixture
def sign(tmp_path: Path) -> Any:
    return Sign(os.getpid(), tmp_path / "begun")


def make(*makers: Any, sign: Any) -> list[Any]:
    return make_together(makers, sign)


def test_together_the_other_process_makes_the_first_and_this_one_the_last(sign: Any) -> None:
    other, this = make(begins, waits, sign=sign)
    assert this == os.getpid() != other


def test_together_makes_here_what_a_dead_process_left(sign: Any) -> None:
    assert make(dies_elsewhere, dies_elsewhere, sign=sign) == [os.getpid()] * 2


@pytest.mark.parametrize("makers", [(begins, fails), (begins_and_fails, waits)], ids=["here", "there"])
def test_together_passes_on_what_a_section_raises(makers: tuple[Any, ...], sign: Any) -> None:
    with pytest.raises(ValueError, match="no section"):
        make(*makers, sign=sign)


def test_report_by_two_processes_has_the_same_bytes(tmp_path: Path) -> None:
    gaps = {"random": 1.0, "lahc": 0.5, "sa": 0.7}
    store = write_store(tmp_path / "s.duckdb", contenders=list(gaps), tasks={"a": "f", "b": "g"}, loss=graded(gaps))
    reports = [build_report(store, tmp_path / f"{number}", processes=number) for number in (1, 2)]
    one, two = ({path.name: path.read_bytes() for path in report.files} for report in reports)
    assert one == two
    assert reports[0].headline == reports[1].headline
