"""The leaderboard of a store written by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from nasbench_sparse.leaderboard.board import board_of, read_board
from nasbench_sparse.leaderboard.formats import as_json, comma_separated, markdown, standings_csv
from nasbench_sparse.leaderboard.judgement import judged_board
from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.results import Wanted, read_results
from nasbench_sparse.store import Store
from nasbench_sparse.store.connect import create

DECLARATION = json.dumps({"fidelity": {"unit": "epochs", "min": 1, "max": 4}, "objective": {"worst": 2.5}})

Trial = tuple[int, int, str, float | None]  # fidelity, units charged, status, loss


def full(*losses: float) -> list[Trial]:
    return [(4, 4, "OK", loss) for loss in losses]


class Writer:
    """Writes runs of the task "t" into a store."""

    def __init__(self, path: Path) -> None:
        create(path)
        self.path = path
        with duckdb.connect(str(path)) as connection:
            for name in ("t", "u"):
                connection.execute(
                    "INSERT INTO tasks VALUES (?, ?, 1, 'f', NULL, ?)", [f"print-{name}", name, DECLARATION]
                )

    def run(
        self,
        run_id: str,
        optimizer: str,
        seed: int,
        trials: Sequence[Trial],
        *,
        task: str = "t",
        status: str = "finished",
        source: str = "1",
        started: str = "2024-01-01T00:00:00",
        hidden: bool = False,
        study: str = "",
    ) -> None:
        spent = json.dumps({"optimizer_seconds": 0.25})
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(
                "INSERT INTO runs (run_id, study, fingerprint, optimizer, options, source_hash, seed, replicate, "
                "spent, workers, executor, status, started, hidden, events) "
                "VALUES (?, ?, ?, ?, '{}', ?, ?, 0, ?, 1, 'serial', ?, ?, ?, 0)",
                [run_id, study, f"print-{task}", optimizer, source, seed, spent, status, started, hidden],
            )
            for number, (fidelity, units, outcome, loss) in enumerate(trials):
                connection.execute(
                    "INSERT INTO trials (run_id, number, kind, config_key, replicate, fidelity, resumes_at, "
                    "status, loss, units, seconds) VALUES (?, ?, 'trial', 'k', 0, ?, ?, ?, ?, ?, 3.0)",
                    [run_id, number, fidelity, fidelity - units, outcome, loss, units],
                )


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "s.duckdb")


def losses(writer: Writer) -> dict[str, float | None]:
    return {e.contender.optimizer: e.loss for e in read_board(Store(writer.path)).entries}


def test_board_takes_the_lowest_loss_at_the_maximal_fidelity(writer: Writer) -> None:
    writer.run("a", "asha", 0, [(1, 1, "OK", 0.1), (4, 3, "OK", 0.5), (4, 4, "OK", 0.4), (4, 4, "DIVERGED", 0.0)])
    assert losses(writer) == {"asha": 0.4}


def test_board_counts_units_and_seconds(writer: Writer) -> None:
    writer.run("a", "asha", 0, [(1, 1, "OK", 0.1), (4, 3, "OK", 0.5), (2, 2, "FAILED", 2.5)])
    (entry,) = read_board(Store(writer.path)).entries
    assert (entry.full_evaluations, entry.evaluation_seconds, entry.optimizer_seconds) == (1.5, 9.0, 0.25)
    assert (entry.trials, entry.bad_trials) == (3, 1)


def test_board_compares_at_the_smallest_common_budget(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6, 0.5))
    writer.run("b", "lahc", 0, full(0.7, 0.4, 0.1))
    board = read_board(Store(writer.path))
    assert board.budgets == {"t": 2.0}
    assert losses(writer) == {"random": 0.5, "lahc": 0.4}
    assert any("Compared at 2 full-evaluation equivalents" in note for note in notes(board))


def test_board_counts_a_trial_that_began_within_the_budget(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6, 0.5))
    writer.run("b", "asha", 0, [(1, 1, "OK", 0.9), (4, 4, "OK", 0.7), (4, 4, "OK", 0.3), (4, 4, "OK", 0.1)])
    assert losses(writer)["asha"] == 0.3  # begun after 5 of 8 units; the next one after 9


def test_board_gives_a_run_that_finished_nothing_the_worst_loss(writer: Writer) -> None:
    writer.run("a", "random", 0, [(4, 4, "DIVERGED", 2.5)])
    assert losses(writer) == {"random": 2.5}


def test_board_means_over_seeds(writer: Writer) -> None:
    for seed, loss in enumerate((0.2, 0.4, 0.6)):
        writer.run(f"r{seed}", "random", seed, full(loss))
    (entry,) = read_board(Store(writer.path)).entries
    assert entry.loss == pytest.approx(0.4)
    assert entry.standard_error == pytest.approx(0.2 / 3**0.5)


def test_board_leaves_hidden_runs_out(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6))
    writer.run("b", "lahc", 0, full(0.1), hidden=True)
    assert losses(writer) == {"random": 0.6}


def test_board_names_superseded_sources(writer: Writer) -> None:
    writer.run("a", "Mine", 0, full(0.1), source="aaaa")
    writer.run("b", "Mine", 0, full(0.6), source="bbbb", started="2024-01-02T00:00:00")
    board = read_board(Store(writer.path))
    assert losses(writer) == {"Mine": 0.6}
    assert (
        "Superseded: 1 run of optimizer Mine at aaaa; ranked is bbbb, which was started last, and so need not be "
        "the version at hand after a revert."
    ) in notes(board)


def test_board_marks_holes_and_ranks_complete_tasks(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6))
    writer.run("b", "lahc", 0, full(0.1))
    writer.run("c", "lahc", 0, full(0.1), task="u")
    board = read_board(Store(writer.path))
    assert board.complete_tasks == ("t",)
    assert "Never run: random on u." in notes(board)
    assert "Mean rank, wins and mean score leave out tasks with holes: u." in notes(board)


def test_board_of_named_runs_of_a_study_or_of_tasks(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6), study="s")
    writer.run("b", "lahc", 0, full(0.1))
    writer.run("c", "sa", 0, full(0.2), task="u")
    store = Store(writer.path)

    def named(**wanted: object) -> set[str]:
        return {e.contender.optimizer for e in read_board(store, **wanted).entries}  # type: ignore[arg-type]

    assert named(run_ids=["b"]) == {"lahc"}
    assert named(study="s") == {"random"}
    assert named(run_ids=["c"], study="s") == {"random", "sa"}
    assert named(tasks=["u"]) == {"sa"}
    assert named() == {"random", "lahc", "sa"}


def test_formats_carry_the_same_numbers(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6))
    writer.run("b", "lahc", 0, full(0.125))
    board = read_board(Store(writer.path))
    rows = list(csv.DictReader(io.StringIO(comma_separated(board))))
    assert [(row["optimizer"], float(row["loss"]), float(row["rank"])) for row in rows] == [
        ("lahc", 0.125, 1.0),
        ("random", 0.6, 2.0),
    ]
    data = json.loads(as_json(board))
    assert [entry["loss"] for entry in data["entries"]] == [0.125, 0.6]
    assert [s["optimizer"] for s in data["standings"]] == ["lahc", "random"]
    assert data["budgets"] == {"t": 1.0}
    assert "| t | lahc | 0.1250 | — | 0.0000 | 1 | 1.000 | 1/1 | 1.0 |" in markdown(board)


def test_csv_of_standings_holds_what_json_does(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6))
    writer.run("b", "lahc", 0, full(0.125))
    board = read_board(Store(writer.path))
    rows = list(csv.DictReader(io.StringIO(standings_csv(board))))
    assert [(row["optimizer"], row["mean_rank"], row["wins"], row["tasks"]) for row in rows] == [
        ("lahc", "1.0", "1", "1"),
        ("random", "2.0", "0", "1"),
    ]
    told = json.loads(as_json(board))["standings"]
    assert [set(row) for row in rows] == [set(standing) for standing in told]


def test_json_says_what_was_asked_and_how_runs_ended(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6, 0.5))
    writer.run("b", "random", 1, full(0.75, 0.75))
    writer.run("c", "grid", 0, full(0.25), status="exhausted")
    asked = Wanted(evaluations=2.0)
    data = json.loads(as_json(board_of(read_results(Store(writer.path), asked))))
    assert (data["asked"], data["outside"]) == (True, [])
    told = {entry["optimizer"]: (entry["lowest"], entry["exhausted"]) for entry in data["entries"]}
    assert told == {"random": (0.5, 0), "grid": (0.25, 1)}


def test_json_says_how_one_that_is_not_ranked_did_beside_the_others(writer: Writer) -> None:
    for task in ("t", "u"):
        for seed in (0, 1):
            writer.run(f"a{task}{seed}", "random", seed, full(0.6), task=task)
            writer.run(f"b{task}{seed}", "lahc", seed, full(0.125), task=task)
    writer.run("c0", "sa", 0, full(0.25))
    writer.run("c1", "sa", 1, full(0.25))
    board = judged_board(read_results(Store(writer.path), Wanted()))
    data = json.loads(as_json(board))

    def who(optimizer: str) -> dict[str, object]:
        return {"optimizer": optimizer, "options": {}, "workers": 1}

    counts = {"lahc": (0, 0, 1), "random": (1, 0, 0)}
    assert data["beside"] == [
        {"first": who("sa"), "second": who(name), "lower": lower, "equal": equal, "higher": higher}
        for name, (lower, equal, higher) in counts.items()
    ]
    assert [pair["ranks_apart"] for pair in data["against"]] == [None, None]


def test_nobody_is_ranked_alone_at_a_budget_that_no_run_has_spent(writer: Writer) -> None:
    writer.run("a", "random", 0, full(0.6, 0.5))
    writer.run("b", "lahc", 0, full(0.6, 0.5, 0.4))
    writer.run("c", "grid", 0, full(0.25), status="exhausted")
    store = Store(writer.path)
    high, low = (board_of(read_results(store, Wanted(evaluations=amount))) for amount in (9.0, 2.0))
    assert [entry.rank for entry in high.entries] == [None, None, None]
    assert any("nothing more to ask (grid). No run has spent so much." in note for note in notes(high))
    assert [entry.rank for entry in low.entries] == [1, 2.5, 2.5]
    assert not any("No run has spent" in note for note in notes(low))


def test_empty_store_has_an_empty_board(writer: Writer) -> None:
    assert notes(read_board(Store(writer.path))) == ["No runs to compare."]


def test_markdown_lets_no_name_open_a_tag_or_a_column(writer: Writer) -> None:
    writer.run("a", "<script>alert(1)</script> | x", 0, full(0.6))
    text = markdown(read_board(Store(writer.path)))
    assert "<script" not in text
    assert "&lt;script>alert(1)&lt;/script> \\| x" in text
