"""The command `compare` and the function behind it, on a suite of synthetic tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse import Block, Budget, Contender, Optimizer, Suite, run_suite
from nasbench_sparse.errors import NbsError, UnknownName, UnsupportedSpace
from nasbench_sparse.leaderboard.compare import compare
from nasbench_sparse.store import Store
from tests.cli.conftest import Command

SUITE = """
from nasbench_sparse import Budget
from nasbench_sparse.runner.suite import Block, Contender, Suite

tasks = ("problems.py:quick", "problems.py:other")
rivals = (Contender("random"), Contender("lahc"))
small = Suite("small", "two tasks", (Block(tasks, rivals, range(6), Budget("trials", 4)),))
one = Suite("one", "one task", (Block(tasks[:1], (Contender("random"),), range(6), Budget("trials", 2)),))
"""

NEWCOMERS = """
from nasbench_sparse import Optimizer


class Picky(Optimizer):
    @classmethod
    def supports(cls, problem):
        return "it likes none"

    def ask(self):
        return self.space.sample(self.rng)

    def tell(self, observation):
        pass

"""


@pytest.fixture
def studied(folder: Path, command: Command) -> Path:
    """A folder with suites, newcomers, and a store in which both suites were run."""
    (folder / "suites.py").write_text(SUITE)
    (folder / "newcomers.py").write_text(NEWCOMERS)
    for name in ("small", "one"):
        assert command("run", f"suites.py:{name}", "--store", "s.duckdb", "--quiet").status == 0
    return folder


def test_compare_runs_the_newcomer_and_says_where_it_stands(studied: Path, command: Command) -> None:
    done = command("compare", "mine.py:Mine", "--suite", "suites.py:small", "-s", "s.duckdb", "-q", "-o", "r")
    assert done.status == 0
    for rival in ("random", "lahc"):
        assert f"Mine against {rival}: lower loss on " in done.out
    assert done.out.count("too few for a test (n = 2 tasks in 1 family)") == 2
    assert (studied / "r" / "index.html").is_file()
    runs = Store("s.duckdb").sql(
        "SELECT optimizer, count(*) AS n FROM runs WHERE study = 'small' GROUP BY ALL ORDER BY 1"
    )
    assert dict(runs.iter_rows()) == {"Mine": 12, "lahc": 12, "random": 12}
    trials = Store("s.duckdb").sql("SELECT count(*) FROM trials JOIN runs USING (run_id) WHERE optimizer = 'Mine'")
    assert trials.item() == 48


def test_compare_again_runs_nothing_and_says_the_same(studied: Path, command: Command) -> None:
    line = ("compare", "mine.py:Mine", "--suite", "suites.py:one", "-s", "s.duckdb", "-q")
    first = command(*line)
    before = Store("s.duckdb").sql("SELECT * FROM trials ORDER BY ALL")
    assert command(*line) == first
    assert Store("s.duckdb").sql("SELECT * FROM trials ORDER BY ALL").equals(before)


def test_compare_exits_with_3_unless_better(studied: Path, command: Command) -> None:
    line = ("compare", "mine.py:Mine", "--suite", "suites.py:one", "-s", "s.duckdb", "-q")
    done = command(*line, "--require-better", "random")
    assert done.status == 3
    assert "Required: Mine better than random. Not shown: one-sided p = " in done.out


def test_compare_exits_with_0_where_better(studied: Path, command: Command) -> None:
    (studied / "good.py").write_text(
        "from nasbench_sparse import Optimizer\n"
        "from nasbench_sparse.registry import load_task\n\n\n"
        "class Good(Optimizer):\n"
        "    def ask(self):\n"
        "        task = load_task('problems.py:quick')\n"
        "        from nasbench_sparse.testing.problems import make_trial\n"
        "        tries = [self.space.sample(self.rng) for _ in range(60)]\n"
        "        last = lambda c: task.evaluate(make_trial(task, c))[0].curve[-1].val_loss\n"
        "        return min(tries, key=last)\n\n"
        "    def tell(self, observation):\n"
        "        pass\n"
    )
    done = command(
        "compare", "good.py:Good", "--suite", "suites.py:one", "-s", "s.duckdb", "-q", "--require-better", "random"
    )
    assert done.status == 0, done
    assert "Shown: one-sided p = 0.016 (n = 6 runs)" in done.out  # 2**-6
    assert "Good beats random: lower loss on 6 of 6 runs, p = 0.031 after Holm, effect" in done.out


def test_compare_reports_failed_runs(studied: Path, command: Command) -> None:
    done = command("compare", "mine.py:Broken", "--suite", "suites.py:small", "-s", "s.duckdb", "-q")
    assert done.status == 1
    assert "no idea" in done.err
    assert "have no task in common that both completed" in done.out


def test_compare_refuses_before_it_runs_anything(studied: Path, command: Command) -> None:
    def error(*arguments: str) -> str:
        done = command("compare", *arguments, "-q")
        assert done.status == 1
        return done.err

    suite = ("--suite", "suites.py:small")
    missing = error("mine.py:Mine", *suite, "-s", "new.duckdb")
    assert "holds no run of a contender of suite 'small'" in missing
    assert "`nasbench-sparse run suites.py:small --store new.duckdb` makes them" in missing
    itself = error("random", *suite, "-s", "s.duckdb", "--require-better", "random")
    assert "'random' is the newcomer itself; --require-better takes one of lahc" in itself
    assert "unknown baseline" in error("mine.py:Mine", *suite, "-s", "s.duckdb", "--require-better", "sa")
    assert "can serve no task" in error("newcomers.py:Picky", *suite, "-s", "s.duckdb")
    assert "did you mean 'scale'" in error("mine.py:Mine", *suite, "-s", "s.duckdb", "--option", "scal=2")
    assert Store("s.duckdb").sql("SELECT 1 FROM runs WHERE optimizer IN ('Mine', 'Picky')").height == 0


def test_compare_takes_a_class_and_returns_words(studied: Path) -> None:
    class Sampler(Optimizer):
        def ask(self):  # type: ignore[no-untyped-def]
            return self.space.sample(self.rng)

        def tell(self, observation):  # type: ignore[no-untyped-def]
            pass

    found = compare(Sampler, suite="suites.py:one", store="s.duckdb", require_better="random")
    assert found.newcomer == "Sampler"
    assert [(pair.first, pair.second) for pair in found.pairs] == [("Sampler", "random")]
    assert found.better in (True, False)
    assert str(found).splitlines()[-1].startswith("Required: Sampler better than random.")
    assert found.report is None
    with pytest.raises(UnknownName):
        compare(Sampler, suite="nope", store="s.duckdb")
    with pytest.raises((NbsError, UnsupportedSpace)):
        compare(Sampler, suite="suites.py:tasks", store="s.duckdb")


def test_a_declared_suite_is_run_and_compared_without_the_command_line(studied: Path) -> None:
    block = Block(("problems.py:quick",), (Contender("random"),), range(2), Budget("trials", 3))
    suite = Suite("mine", "a suite of a notebook", (block,))
    with pytest.raises(NbsError, match=r"`nbs.run_suite\(suite, store='new.duckdb'\)` makes them"):
        compare("lahc", suite=suite, store="new.duckdb")
    assert len(run_suite(suite, store="new.duckdb").finished) == 2
    assert len(run_suite(suite, store="new.duckdb").reused) == 2
    assert [pair.second for pair in compare("lahc", suite=suite, store="new.duckdb").pairs] == ["random"]


def test_compare_names_an_optimizer_that_fails_in_its_first_ask(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.py").write_text(
        "from nasbench_sparse import Optimizer\n\n\nclass Bad(Optimizer):\n"
        "    def ask(self):\n        raise ValueError('boom')\n\n    def tell(self, observation):\n        pass\n"
    )
    done = command("compare", "bad.py:Bad", "--suite", "tabular", "-s", "bad.duckdb", "-q")
    assert done.status == 1
    assert "optimizer 'Bad' raised ValueError in its first ask on " in done.err
