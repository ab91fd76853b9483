"""The commands `report` and `leaderboard` with the options that choose what is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.leaderboard.synthetic import graded, write_store

GAPS = {"random": 0.5, "lahc": 0.0}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two contenders on three tasks of two families."""
    path = tmp_path / "s.duckdb"
    write_store(path, list(GAPS), {"a": "f", "b": "f", "c": "g"}, loss=graded(GAPS))
    return path


def test_report_writes_a_page_and_prints_its_headline(command: Command, store: Path, tmp_path: Path) -> None:
    done = command("report", "-o", tmp_path / "r", "--store", store)
    assert done.status == 0
    assert done.out.startswith(
        "lahc has the lowest mean rank, 1.00 over 3 tasks at 4 full evaluations with 3 seeds;"
    )
    assert "\nlahc against random: " in done.out
    assert str(tmp_path / "r" / "index.html") in done.out
    assert (tmp_path / "r" / "figures" / "win-matrix.pdf").read_bytes().startswith(b"%PDF")


def test_report_of_a_suite_and_a_task(command: Command, store: Path, tmp_path: Path) -> None:
    assert command("report", "-o", tmp_path / "r", "-s", store, "--suite", "made", "--task", "c").status == 0
    assert "made, c" in (tmp_path / "r" / "index.html").read_text()


def test_report_names_what_it_cannot_find(command: Command, store: Path, tmp_path: Path) -> None:
    assert "there is no store" in command("report", "-o", tmp_path / "r", "-s", tmp_path / "no.duckdb").err
    wrong = command("report", "-o", tmp_path / "r", "-s", store, "--task", "d")
    assert wrong.status == 1
    assert "unknown task" in wrong.err
    assert command("report", "-s", store).status == 2


def test_leaderboard_of_a_family_or_space(command: Command, store: Path) -> None:
    assert "Standings over 1 of 1 task" in command("leaderboard", "-s", store, "--family", "g").out
    assert "Standings over 3 of 3 tasks" in command("leaderboard", "-s", store, "--space", "Made").out
    assert "unknown family" in command("leaderboard", "-s", store, "--family", "h").err


def test_leaderboard_at_a_budget(command: Command, store: Path) -> None:
    assert "Compared at 2 full-evaluation" in command("leaderboard", "-s", store, "--at-evaluations", 2).out
    assert "Compared at 3 seconds" in command("leaderboard", "-s", store, "--at-seconds", 3).out
    both = command("leaderboard", "-s", store, "--at-seconds", 3, "--at-evaluations", 2)
    assert (both.status, both.err) == (1, "error: compare at a number of evaluations or of seconds, not at both\n")


def test_report_at_a_budget(command: Command, store: Path, tmp_path: Path) -> None:
    for option, shown in (("--at-evaluations", "2 full-evaluation"), ("--at-seconds", "3 seconds")):
        done = command("report", "-o", tmp_path / "r", "-s", store, option, shown[0])
        assert done.status == 0
        assert shown in (tmp_path / "r" / "index.html").read_text()
    both = command("report", "-o", tmp_path / "r", "-s", store, "--at-seconds", 3, "--at-evaluations", 2)
    assert (both.status, both.err) == (1, "error: compare at a number of evaluations or of seconds, not at both\n")
    nothing = command("report", "-o", tmp_path / "r", "-s", store, "--at-seconds", 0)
    assert (nothing.status, "positive" in nothing.err) == (1, True)
    endless = command("leaderboard", "-s", store, "--at-evaluations", "inf")
    assert endless.err == "error: a budget of inf compares nothing; give a positive, finite number\n"


def test_leaderboard_in_latex(command: Command, store: Path) -> None:
    out = command("leaderboard", "-s", store, "-f", "latex").out
    assert out.count(r"\begin{table}") == 3
    assert r"lahc & 1.00 & 3 & 0.964 &" in out


def test_leaderboard_and_report_of_a_density_band(command: Command, store: Path, tmp_path: Path) -> None:
    out = command("leaderboard", "-s", store, "--density", "0.05:0.1").out
    assert "Only trainings whose final density is 0.05 to 0.1 (1 % of slack) count" in out
    assert "nothing there lies in that band" in command("leaderboard", "-s", store, "--density", 0.9).out
    assert "no band of densities" in command("leaderboard", "-s", store, "--density", "thin").err
    assert (
        "no band of densities" in command("report", "-o", tmp_path / "r", "-s", store, "--density", "0.2:0.1").err
    )
    assert command("report", "-o", tmp_path / "r", "-s", store, "--density", "0:0.1", "--task", "c").status == 0
    assert "density 0 to 0.1" in (tmp_path / "r" / "index.html").read_text()


@pytest.mark.parametrize("words", [("leaderboard",), ("report", "-o", "r"), ("query", "SELECT 1")])
def test_reading_a_store_that_is_not_there_makes_nothing(
    command: Command, tmp_path: Path, words: tuple[str]
) -> None:
    done = command(*words, "-s", tmp_path / "no" / "dir" / "x")
    assert (done.status, "there is no store" in done.err) == (1, True)
    assert not (tmp_path / "no").exists()
