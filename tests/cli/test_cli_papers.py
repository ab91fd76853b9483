"""The commands of `paper`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("folder")


def test_list_shows_a_papers_artefacts_with_their_cost(command: Command) -> None:
    shown = command("paper", "list", "asni")
    assert shown.status == 0
    assert "asni-table-2" in shown.out
    assert "ap-table-1" not in shown.out


def test_list_refuses_an_unknown_paper(command: Command) -> None:
    shown = command("paper", "list", "asnl")
    assert shown.status != 0
    assert "asni" in shown.err


def test_artefact_is_run_resumed_and_shown(command: Command, folder: Path) -> None:
    first = command("paper", "run", "ap-table-1", "--scale", "smoke", "--store", "p.duckdb")
    assert first.status == 0
    assert "[81.2 ± 1.1]" in first.out
    assert "Measured at scale smoke" in first.out
    again = command("paper", "run", "ap-table-1", "--scale", "smoke", "--store", "p.duckdb")
    assert again.out == first.out
    shown = command("paper", "show", "ap-table-1", "--scale", "smoke", "--store", "p.duckdb", "-o", "tables")
    assert shown.status == 0
    assert {path.suffix for path in (folder / "tables").iterdir()} == {".md", ".tex", ".csv"}
    listed = command("paper", "claims", "--store", "p.duckdb", "-o", "claims.md")
    assert listed.status == 0
    assert "too few to test" in (folder / "claims.md").read_text()


def test_unknown_artefact_names_the_nearest(command: Command) -> None:
    shown = command("paper", "show", "ap-table-16", "--store", "p.duckdb")
    assert shown.status != 0
    assert "ap-table-1" in shown.err


def test_claims_without_a_store_are_not_run_yet(command: Command) -> None:
    assert "not run yet" in command("paper", "claims").out


def test_list_prints_objects_with_the_trainings_of_each_scale(command: Command) -> None:
    rows = json.loads(command("paper", "list", "asni", "--json").out)
    assert {row["paper"] for row in rows} == {"asni"}
    assert "asni-table-2" in {row["name"] for row in rows}
    for row in rows:
        assert set(row["scales"]) == {"smoke", "check", "paper"}
        assert row["scales"]["smoke"]["trainings"] <= row["scales"]["paper"]["trainings"]
