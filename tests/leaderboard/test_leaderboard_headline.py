"""What a report says first, and what it says of coverage and of pairs, without drawing it."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from pathlib import Path

import duckdb
import pytest

from nasbench_sparse.leaderboard.evidence import gather
from nasbench_sparse.leaderboard.head_to_head import compare_all, compare_pairs, families_sentence
from nasbench_sparse.leaderboard.judgement import judged_board
from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.report.comparison import comparison_section
from nasbench_sparse.leaderboard.report.coverage import count_runs, coverage_section
from nasbench_sparse.leaderboard.report.headline import headline
from nasbench_sparse.leaderboard.report.standings import standings_section
from nasbench_sparse.leaderboard.report.subject import Plan, Subject, make_subject
from nasbench_sparse.leaderboard.results import read_results
from nasbench_sparse.leaderboard.runs import Contender
from nasbench_sparse.store import Store
from tests.leaderboard.synthetic import graded, write_store

GAPS = {"random": 0.5, "lahc": 0.0, "asha": 0.2}
TASKS = {f"task-{i}": f"family-{i}" for i in range(7)}


def changed(path: Path, *statements: str) -> Store:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return Store(path)


def subject_of(store: Store, **asked: object) -> Subject:
    return make_subject(store, read_results(store), **asked)  # type: ignore[arg-type]


def said(path: Path, gaps: dict[str, float], tasks: dict[str, str], **made: object) -> tuple[str, ...]:
    store = write_store(path, list(gaps), tasks, **{"loss": graded(gaps), **made})  # type: ignore[arg-type]
    lead, points = headline(subject_of(store))
    return (lead, *points)


def test_headline_of_one_task_gives_the_mean_loss_and_its_error(tmp_path: Path) -> None:
    losses = {"lahc": (0.4, 0.5, 0.6), "random": (0.8, 0.9, 1.0)}
    store = write_store(
        tmp_path / "s.duckdb", list(losses), {"t": "f"}, trials=1, loss=lambda who, _t, seed, _n: losses[who][seed]
    )
    lead, points = headline(subject_of(store))
    assert lead == (
        "lahc has the lowest mean loss, 0.5000 ± 0.0577 (standard error) on this task at 1 full evaluation with 3 "
        "seeds; in the tests of all pairs not tested against random, for want of runs."
    )
    assert points[0].endswith(" on this task.")
    tied = said(tmp_path / "u.duckdb", {"a": 0, "b": 0}, {"t": "f"}, loss=lambda *_: 0.25, trials=1)
    assert tied[0].startswith(
        "All contenders tie: each has mean loss 0.2500 ± 0.0000 (standard error) on this task"
    )


def test_leader_is_told_apart_from_those_the_tests_of_all_pairs_tell_it_apart_from(tmp_path: Path) -> None:
    def loss(contender: str, task: str, seed: int, number: int) -> float:
        swap = task in ("task-1", "task-4", "task-6") and contender in ("lahc", "asha")
        return graded({"lahc": 0.2, "asha": 0.0, "random": 0.5} if swap else {**GAPS})(
            contender, task, seed, number
        )

    store = write_store(tmp_path / "s.duckdb", list(GAPS), TASKS, loss=loss)
    subject = subject_of(store)
    verdicts = {(p.first, p.second): p.verdict for p in subject.pairs.pairs}
    assert verdicts == {
        ("lahc", "asha"): "no difference shown",
        ("lahc", "random"): "better",
        ("asha", "random"): "better",
    }
    assert headline(subject)[0].endswith("in the tests of all pairs not shown to differ from asha.")


@pytest.mark.parametrize(
    ("made", "start"),
    [
        ({"loss": lambda *_: None}, "None of 252 trials ended well. All contenders tie"),
        ({"loss": lambda *_: None, "status": "failed"}, "All 63 runs failed. No two contenders"),
    ],
)
def test_headline_opens_with_total_failure(tmp_path: Path, made: dict[str, object], start: str) -> None:
    assert said(tmp_path / "s.duckdb", GAPS, TASKS, **made)[0].startswith(start)


def test_many_comparisons_are_told_by_outcome(tmp_path: Path) -> None:
    gaps = {"random": 0.5, **{f"opt{i:02d}": 0.01 * i for i in range(12)}, "zz": 0.9}
    tasks = {f"task-{i}": f"family-{i}" for i in range(10)}  # 13 tests of 2 * 2**-10
    _, *points = said(tmp_path / "s.duckdb", gaps, tasks, seeds=2, trials=1)
    names = ", ".join(f"opt{i:02d}" for i in range(11)) + " and opt11"
    assert points == [
        f"12 beat random: {names}.",
        "1 is worse than random: zz.",
        "Holm over 13 tests rejects 13 at 0.05.",
    ]
    few = said(tmp_path / "t.duckdb", gaps, {"t": "f", "u": "g"}, seeds=2, trials=1)
    assert few[1].startswith("13 are not tested against random, for want of tasks: opt00, ")
    assert few[1].endswith(" and zz.")


def test_sentence_says_fewer_seeds_and_less_spent(tmp_path: Path) -> None:
    write_store(tmp_path / "s.duckdb", list(GAPS), TASKS, loss=graded(GAPS))
    store = changed(
        tmp_path / "s.duckdb",
        "DELETE FROM runs WHERE optimizer = 'asha' AND seed = 2",
        "UPDATE runs SET status = 'exhausted' WHERE optimizer = 'asha'",
        "DELETE FROM trials WHERE run_id LIKE 'asha%' AND number > 0",
    )
    lead, (lahc, asha, _) = headline(subject_of(store))
    assert "at 4 full evaluations with 2 to 3 seeds" in lead
    assert "on these tasks (2 runs of each on a task). asha had nothing more to ask after 1 full evaluation" in asha
    assert asha.endswith(" on average.")
    assert lahc.endswith("on these tasks.")


def test_newcomer_leads_its_page_and_the_required_test_follows(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", list(GAPS), TASKS, loss=graded(GAPS))
    lead, points = headline(subject_of(store, newcomer="asha", required="random"))
    assert lead == "asha has mean rank 2.00, place 2 of 3, over 7 tasks at 4 full evaluations with 3 seeds."
    assert points[0] == (
        "Required: asha better than random. Shown: one-sided p = 0.0078 (n = 7 tasks), one test, declared "
        "beforehand and therefore uncorrected."  # 2**-7
    )
    assert points[1].startswith("lahc has the lowest mean rank, 1.00")
    assert [line.split(":")[0] for line in points[2:4]] == ["asha is worse than lahc", "asha beats random"]
    own, (first, *_) = headline(subject_of(store, newcomer="lahc"))
    assert own.startswith("lahc has the lowest mean rank")
    assert first.startswith("lahc beats asha")


def test_headline_and_leaderboard_take_the_same_random_search(tmp_path: Path) -> None:
    write_store(tmp_path / "s.duckdb", ["lahc", "random", "other"], TASKS, loss=graded({**GAPS, "other": 0.4}))
    store = changed(
        tmp_path / "s.duckdb",
        """UPDATE runs SET optimizer = 'random', options = '{"a": 1}', workers = 4 WHERE optimizer = 'random'""",
        """UPDATE runs SET optimizer = 'random', options = '{"b": 1}' WHERE optimizer = 'other'""",
    )
    subject = subject_of(store)
    assert subject.board.against is not None
    assert {pair.second for pair in subject.against.pairs} == {"random b=1"} == {subject.results.baseline}


def plan_of(names: list[str], tasks: list[str], seeds: int) -> Plan:
    keys = frozenset((seed, 0) for seed in range(seeds))
    return {(Contender(name), task): keys for name in names for task in tasks}


def test_coverage_counts_what_the_suite_plans(tmp_path: Path) -> None:
    write_store(tmp_path / "s.duckdb", ["lahc", "random"], {"a": "f", "b": "g"}, loss=graded(GAPS))
    store = changed(tmp_path / "s.duckdb", "DELETE FROM runs WHERE run_id IN ('lahc|b|1', 'lahc|b|2')")
    one_seed = {**plan_of(["lahc", "random"], ["a", "b"], 3), **plan_of(["lahc"], ["b"], 1)}
    note = coverage_section(subject_of(store, planned=one_seed)).blocks[0].note  # type: ignore[union-attr]
    assert note == "10 of the 10 planned runs finished (0 missing, 0 failed, 0 short); all of them on 2 of 2 tasks."
    more = plan_of(["lahc", "random", "sa"], ["a", "b", "c"], 3)
    counts = count_runs(subject_of(store, planned=more))
    assert (counts.contenders, counts.tasks) == (("lahc", "random", "sa"), ("a", "b", "c"))
    assert counts.planned.tolist() == [[3, 3, 3]] * 3
    assert counts.missing.tolist() == [[0, 2, 3], [0, 0, 3], [3, 3, 3]]
    without = coverage_section(subject_of(store)).blocks[0].note  # type: ignore[union-attr]
    assert without.startswith(
        "10 of 10 runs finished (0 failed, 0 short). Cells: runs finished of the most that any"
    )
    assert "missing" not in without


def test_standings_count_tasks_with_all_runs_finished(tmp_path: Path) -> None:
    write_store(tmp_path / "s.duckdb", list(GAPS), TASKS, loss=graded(GAPS))
    store = changed(
        tmp_path / "s.duckdb",
        "UPDATE runs SET status = 'failed' WHERE run_id = 'lahc|task-1|0'",
        "DELETE FROM trials WHERE run_id = 'lahc|task-1|0' AND number > 0",
    )
    tasks = {s.contender.optimizer: s.tasks for s in judged_board(read_results(store)).standings}
    assert tasks == {"lahc": 6, "asha": 7, "random": 7}


def test_notes_of_the_page_explain_no_column_that_it_lacks(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", list(GAPS), TASKS, loss=graded(GAPS))
    subject = subject_of(store)
    told = " ".join(notes(subject.board))
    page = " ".join(" ".join(getattr(block, "sentences", ())) for block in standings_section(subject).blocks)
    for words in ("w/t/l", "P(lower)", "Against random"):
        assert words in told
        assert words not in page
    against, pairs, *_ = comparison_section(subject).blocks
    assert "lower loss wherever the two differ" in against.note  # type: ignore[union-attr]
    assert [row[0].text for row in against.rows] == ["lahc", "asha"]  # type: ignore[union-attr]
    columns = dict(zip(pairs.columns, pairs.rows[0], strict=True))  # type: ignore[union-attr]
    assert columns["runs of each"].value == 21  # three of each of seven tasks
    assert columns["n for 80 % power"].value == pairs_needed(subject)


def pairs_needed(subject: Subject) -> int | None:
    """Return the n of a test at the first step of Holm over the three pairs."""
    first = subject.pairs.pairs[0].test
    assert first is not None
    assert first.tests == 3
    alone = dataclasses.replace(first, tests=1).needed
    assert alone is not None
    assert first.needed is not None
    assert first.needed > alone
    return first.needed


def test_families_of_tests_are_counted() -> None:
    assert families_sentence(None, "tasks").startswith("Two families of tests are declared")
    assert families_sentence("every contender against random", "runs").startswith("Two families of tests")
    assert not families_sentence(None, "runs")
    three = families_sentence("every contender against random search", "tasks")
    assert three.startswith("Three families of tests are declared")
    assert three.count(";") == 3  # between three, and before "which of them"


def test_too_few_for_holm_says_n(tmp_path: Path) -> None:
    gaps = {name: 0.1 * i for i, name in enumerate("abcd")}
    store = write_store(
        tmp_path / "s.duckdb", list(gaps), {f"t{i}": f"f{i % 3}" for i in range(6)}, loss=graded(gaps)
    )
    found = compare_pairs(gather(read_results(store)), list(combinations("abcd", 2)))
    assert found.sentence == "n = 6 tasks in 3 families are too few for Holm over 6 tests."


def test_one_with_few_seeds_takes_no_run_from_the_rank_test_of_one_task(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 0.3, "c": 0.6, "few": 0.9}
    write_store(tmp_path / "s.duckdb", list(gaps), {"t": "f"}, seeds=12, loss=graded(gaps))
    store = changed(tmp_path / "s.duckdb", "DELETE FROM runs WHERE optimizer = 'few' AND seed > 1")
    subject = subject_of(store)
    order = subject.board.order
    assert order is not None
    assert (order.names, order.test.n, order.post_hoc) == (("a", "b", "c"), 12, "wilcoxon-holm")
    verdicts = {frozenset((pair.first, pair.second)): pair.rejected for pair in subject.pairs.pairs}
    assert all(order.differ(*pair) == verdicts[frozenset(pair)] for pair in combinations("abc", 2))
    (picture,) = (
        b for b in comparison_section(subject).blocks if getattr(b, "how", "").endswith("critical_difference")
    )
    assert picture.note.endswith("Left out, since with fewer runs: few.")  # type: ignore[union-attr]


def test_diagram_and_table_decide_all_pairs_by_the_same_test(tmp_path: Path) -> None:
    # ten tasks, of which d misses three: 2**-9 times 21 pairs of the ranked is 0.041, times 28 of all is 0.055
    gaps = {name: 0.02 * i for i, name in enumerate("abcefgh")} | {"d": 0.5}
    write_store(
        tmp_path / "s.duckdb", list(gaps), {f"t{i}": f"f{i}" for i in range(10)}, loss=graded(gaps), seeds=2
    )
    store = changed(tmp_path / "s.duckdb", *(f"DELETE FROM runs WHERE run_id LIKE 'd|t{i}|%'" for i in range(3)))
    results = read_results(store)
    board = judged_board(results)
    order = [results.names[s.contender] for s in board.standings]
    ranked = [results.names[s.contender] for s in board.ranked]
    assert "d" not in ranked
    family = compare_all(gather(results), order, ranked)
    assert "Nemenyi's" in family.sentence
    assert board.order is not None
    assert board.order.post_hoc == "nemenyi"
    decided = [pair for pair in family.pairs if pair.adjusted is not None]
    assert len(decided) == 21
    for pair in decided:
        assert pair.rejected == (pair.adjusted <= 0.05) == board.order.differ(pair.first, pair.second)  # type: ignore[operator]


def test_pairs_that_no_bar_can_join_are_named(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", list(GAPS), TASKS, loss=graded(GAPS))
    subject = subject_of(store)
    order = subject.board.order
    assert order is not None
    assert order.pairs is not None
    assert order.names == ("lahc", "asha", "random")
    verdicts = [dataclasses.replace(c, rejected="asha" in (c.first, c.second)) for c in order.pairs.comparisons]
    decided = order.decided_by(dataclasses.replace(order.pairs, comparisons=tuple(verdicts)))
    assert decided.groups == ()
    board = dataclasses.replace(subject.board, order=decided)
    *_, picture = comparison_section(dataclasses.replace(subject, board=board)).blocks
    assert "Nor are lahc and random, which no bar can join" in picture.note  # type: ignore[union-attr]
