"""The command `compare` and the function behind it, on a suite of synthetic tasks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse import Block, Budget, Contender, Optimizer, Suite, run_suite
from nasbench_sparse.errors import NbsError, UnknownName, UnsupportedSpace
from nasbench_sparse.leaderboard import compare as module
from nasbench_sparse.leaderboard.compare import compare
from nasbench_sparse.leaderboard.comparison import Comparison
from nasbench_sparse.leaderboard.report.build import Report
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.resources import Resources
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


def test_compare_gives_up_a_newcomer_that_fails_on_every_task(studied: Path, command: Command) -> None:
    line = ("compare", "mine.py:Broken", "--suite", "suites.py:small", "-s", "s.duckdb", "-q")
    for _ in range(2):  # a repeat tries the same few
        done = command(*line)
        assert done.status == 1
        assert done.out == ""
        assert done.err == (
            "error: all 3 runs tried failed, on each task at least one, so nothing more is run: "
            "optimizer 'Broken' raised ValueError in tell at trial 2: no idea\n"
        )
        found = Store("s.duckdb").sql("SELECT status, count(*) FROM runs WHERE optimizer = 'Broken' GROUP BY ALL")
        assert found.rows() == [("failed", 3)]


def test_compare_says_each_error_of_failed_runs_once(studied: Path, command: Command) -> None:
    (studied / "half.py").write_text(
        "from mine import Mine\n\n\nclass Half(Mine):\n"
        "    def __init__(self, problem, *, seed):\n"
        "        super().__init__(problem, seed=seed)\n"
        "        self.late = seed > 0\n\n"
        "    def tell(self, observation):\n"
        "        if self.late:\n"
        "            raise ValueError('not here')\n"
    )
    done = command("compare", "half.py:Half", "--suite", "suites.py:small", "-s", "s.duckdb", "-q")
    assert done.status == 1
    assert done.err.count("not here") == 1
    assert done.err.startswith("error: 10 runs, such as run ")
    assert " (other, Half, seed 1), failed: " in done.err or " (quick, Half, seed 1), failed: " in done.err
    assert "Failed runs: 5 of Half on other; 5 of Half on quick." in done.out
    assert "Half and random have no task in common that both completed." in done.out


def test_compare_refuses_before_it_runs_anything(studied: Path, command: Command) -> None:
    def error(*arguments: str) -> str:
        done = command("compare", *arguments, "-q")
        assert done.status == 1
        return done.err

    suite = ("--suite", "suites.py:small")
    (studied / "file").write_text("")
    assert "file cannot be written: " in error("mine.py:Mine", *suite, "-s", "s.duckdb", "-o", "file")
    alone = error("random", "--suite", "suites.py:one", "-s", "s.duckdb")
    assert "suite 'one' has no contender but 'random'" in alone
    itself = error("random", *suite, "-s", "s.duckdb", "--require-better", "random")
    assert "'random' is the newcomer itself; --require-better takes one of lahc" in itself
    missing = error("mine.py:Mine", *suite, "-s", "s.duckdb", "--require-better", "sa")
    assert missing == "error: unknown baseline 'sa': valid are lahc, random\n"
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


def test_compare_runs_what_is_missing_of_the_contenders_and_says_so_first(studied: Path, command: Command) -> None:
    line = ("compare", "mine.py:Mine", "--suite", "suites.py:small", "-s", "new.duckdb", "-q")
    done = command(*line)
    assert done.status == 0
    assert done.err == (
        "new.duckdb lacks 24 of the 24 runs of suite small's contenders, which are therefore carried out after the "
        "newcomer's; a store that holds them saves that\n"
    )
    runs = Store("new.duckdb").sql("SELECT optimizer, count(*) FROM runs GROUP BY ALL ORDER BY ALL")
    assert runs.rows() == [("Mine", 12), ("lahc", 12), ("random", 12)]
    assert command(*line) == (0, done.out, "")


def test_a_declared_suite_is_compared_without_the_command_line(studied: Path) -> None:
    block = Block(("problems.py:quick",), (Contender("random"),), range(2), Budget("trials", 3))
    suite = Suite("mine", "a suite of a notebook", (block,))
    assert len(run_suite(suite, store="new.duckdb").finished) == 2
    assert len(run_suite(suite, store="new.duckdb").reused) == 2
    told: list[str] = []
    found = compare("lahc", suite=suite, store="new.duckdb", tell=told.append)
    assert [pair.second for pair in found.pairs] == ["random"]
    assert told == []


def test_compare_takes_a_contenders_runs_from_any_live_executor(studied: Path) -> None:
    block = Block(
        ("problems.py:quick",), (Contender("random"),), range(2), Budget("trials", 2), executor="processes"
    )
    run_suite(Suite("mine", "in processes", (block,)), store="new.duckdb")
    told: list[str] = []
    suite = Suite("mine", "one by one", (replace(block, executor="serial"),))
    found = compare("lahc", suite=suite, store="new.duckdb", tell=told.append)
    assert (found.pairs[0].second, found.pairs[0].units, told) == ("random", 2, [])


STILL = """
from nasbench_sparse import Optimizer


class Hill(Optimizer):
    first = None

    def ask(self):
        self.first = self.first or self.space.sample(self.rng)
        return self.first

    def tell(self, observation):
        pass
"""

MOVING = STILL.replace("self.first or self.space.sample(self.rng)", "self.space.sample(self.rng)")


def test_compare_counts_the_source_it_is_given_after_a_revert(studied: Path, command: Command) -> None:
    def compared(file: str, source: str) -> list[str]:
        (studied / file).write_text(source)
        return command(
            "compare", f"{file}:Hill", "--suite", "suites.py:one", "-s", "s.duckdb", "-q"
        ).out.splitlines()

    still, moving = compared("a.py", STILL), compared("b.py", MOVING)
    again = compared("c.py", STILL)  # the same source: what a revert of one file comes to
    assert still != moving[:-1]
    assert again[:-1] == still
    source = load_optimizer("b.py:Hill").source
    assert again[-1] == (
        f"Left out, since neither suite one nor this newcomer plans them, are runs: 6 of Hill from another source, "
        f"{source}."
    )


def test_compare_keeps_other_newcomers_out_of_the_family(studied: Path, command: Command) -> None:
    (studied / "b.py").write_text(MOVING)
    line = ("--suite", "suites.py:one", "-s", "s.duckdb", "-q")
    first = command("compare", "mine.py:Mine", *line).out
    assert command("compare", "b.py:Hill", *line).status == 0
    again = command("compare", "mine.py:Mine", *line).out
    assert again == (
        f"{first}Left out, since neither suite one nor this newcomer plans them, are runs: 6 of Hill.\n"
    )


def test_compare_refuses_a_newcomer_that_is_called_like_a_contender(studied: Path, command: Command) -> None:
    (studied / "a.py").write_text(STILL)
    (studied / "b.py").write_text(MOVING)
    block = "Block(tasks[:1], (Contender('a.py:Hill'),), range(3), Budget('trials', 2))"
    (studied / "suites.py").write_text(f"{SUITE}named = Suite('named', 'one', ({block},))\n")
    done = command("compare", "b.py:Hill", "--suite", "suites.py:named", "-s", "n.duckdb", "-q")
    assert done.status == 1
    assert "suite 'named' has a contender 'Hill' from another source than the newcomer; rename" in done.err


def test_compare_finds_the_required_baseline_among_the_suites_contenders(studied: Path, command: Command) -> None:
    line = ("--suite", "suites.py:small", "-s", "s.duckdb", "-q", "--require-better", "lahc")
    short = ("compare", "lahc", "--option", "history_length=8", *line)
    first = command(*short)
    assert first.status == 3
    assert "Required: lahc history_length=8 better than lahc history_length=" in first.out
    assert command(*short) == first
    done = command("compare", "mine.py:Mine", *line)
    assert done.status == 3
    assert "Required: Mine better than lahc." in done.out


def test_interrupted_compare_says_how_to_go_on_and_the_same_command_does(studied: Path, command: Command) -> None:
    (studied / "stop.py").write_text(
        "from pathlib import Path\nfrom mine import Mine\n\n\nclass Stop(Mine):\n"
        "    def tell(self, observation):\n"
        "        if Path('stop').exists() and self.rng.random() < 0.2:\n"
        "            raise KeyboardInterrupt\n"
    )
    (studied / "stop").touch()
    line = ("compare", "stop.py:Stop", "--suite", "suites.py:small", "-s", "s.duckdb", "-q")
    done = command(*line)
    assert done.status == 130
    assert done.err.startswith("interrupted; what was recorded is kept, and the same command goes on: ")
    (studied / "stop").unlink()
    assert command(*line).status == 0


def test_compare_prints_what_it_found_before_it_draws(
    studied: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(comparison: Comparison, directory: Path, *, processes: int) -> Comparison:
        raise NbsError("no ink")

    monkeypatch.setattr(Comparison, "write", write)
    done = command("compare", "mine.py:Mine", "--suite", "suites.py:one", "-s", "s.duckdb", "-q", "-o", "page")
    assert "Mine" in done.out
    assert done.err == "drawing the report ...\nerror: no ink\n"


def test_compare_prints_json(studied: Path, command: Command) -> None:
    line = ("compare", "mine.py:Mine", "--suite", "suites.py:one", "-s", "s.duckdb", "-q")
    words = command(*line, "--require-better", "random").out
    done = command(*line, "--require-better", "random", "--json")
    found = json.loads(done.out)
    assert done.status == 3
    assert "\n".join(found["sentences"]) == words.rstrip("\n")
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["n"]) == ("Mine", "random", 6)
    assert pair["lower"] + pair["equal"] + pair["higher"] == 6
    assert pair["p"] == pair["p_holm"]  # a family of one
    assert (pair["alternative"], found["required"]["alternative"]) == ("two-sided", "less")
    assert (found["better"], found["failed"], found["skipped"], found["report"]) == (False, {}, {}, None)
    assert (pair["ranks_apart"], found["hidden"]) == (None, {})


def test_comparison_in_a_notebook_is_a_table_and_names_its_figures(studied: Path) -> None:
    class Sampler(Optimizer):
        def ask(self):  # type: ignore[no-untyped-def]
            return self.space.sample(self.rng)

        def tell(self, observation):  # type: ignore[no-untyped-def]
            pass

    Sampler.__name__ = "<b>Sampler</b>"
    found = compare(Sampler, suite="suites.py:one", store="s.duckdb")
    assert repr(found) == str(found)
    shown = found._repr_html_()
    assert "<b>" not in shown
    assert shown.count("<tr>") == 1 + len(found.pairs)
    assert "&lt;b&gt;Sampler&lt;/b&gt;" in shown
    assert found.figures == ()
    files = tuple(Path("page", name) for name in ("index.html", "figures/a.pdf", "figures/a.svg"))
    assert replace(found, report=Report(files[0], (), files)).figures == files[2:]


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


def test_compare_counts_hidden_runs_and_requires_nothing_of_a_choice(studied: Path, command: Command) -> None:
    line = ("compare", "mine.py:Mine", "--suite", "suites.py:one", "-s", "s.duckdb", "-q")
    assert "Hidden" not in command(*line).out
    store = Store("s.duckdb")

    def hide(optimizer: str, seed: int) -> str:
        on_quick = "SELECT run_id FROM runs JOIN tasks USING (fingerprint) WHERE name = 'quick'"
        sql = f"{on_quick} AND optimizer = ? AND seed = ?"
        run_id = str(store.sql(sql, (optimizer, seed)).item())
        store.hide(run_id)
        return run_id

    hidden = [hide("Mine", 0), hide("Mine", 1)]
    done = command(*line, "--json")
    found = json.loads(done.out)
    assert (done.status, found["hidden"], found["pairs"][0]["n"]) == (0, {"Mine": 2}, 4)
    assert found["sentences"][-1] == "Hidden, though planned: 2 of Mine."
    refused = command(*line, "--require-better", "random")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(
        "error: planned runs are hidden: 2 of Mine; what is required is tested on all of them"
    )
    assert "store unhide RUN" in refused.err
    for run_id in hidden:
        store.unhide(run_id)
    again = hide("random", 3)
    assert "planned runs are hidden: 1 of random;" in command(*line, "--require-better", "random").err
    store.unhide(again)
    assert command(*line, "--require-better", "random").status == 3


def test_compare_names_what_it_leaves_out_with_the_options_that_tell_it_apart(
    studied: Path, command: Command
) -> None:
    line = ("--suite", "suites.py:small", "-s", "s.duckdb", "-q")
    assert command("compare", "lahc", "--option", "history_length=8", *line).status == 0
    assert command("compare", "mine.py:Mine", *line).out.splitlines()[-1] == (
        "Left out, since neither suite small nor this newcomer plans them, are runs: 12 of lahc history_length=8."
    )


def test_failed_runs_of_a_comparison_say_their_task_and_seed(studied: Path, command: Command) -> None:
    (studied / "late.py").write_text(
        "from mine import Mine\n\n\nclass Late(Mine):\n"
        "    def __init__(self, problem, *, seed):\n"
        "        super().__init__(problem, seed=seed)\n"
        "        self.late = seed == 4\n\n"
        "    def tell(self, observation):\n"
        "        if self.late:\n"
        "            raise ValueError('not here')\n"
    )
    line = ("compare", "late.py:Late", "--suite", "suites.py:one", "-s", "s.duckdb", "-q")
    done = command(*line, "--json")
    (run_id, run), *more = json.loads(done.out)["failed"].items()
    error = "optimizer 'Late' raised ValueError in tell at trial 0: not here"
    assert (run, more) == ({"contender": "Late", "task": "quick", "seed": 4, "error": error}, [])
    assert done.err == f"error: run {run_id} (quick, Late, seed 4) failed: {error}\n"


def test_compare_leaves_no_folder_for_a_suite_that_is_none(studied: Path, command: Command) -> None:
    done = command("compare", "mine.py:Mine", "--suite", "nope", "-s", "s.duckdb", "-q", "-o", "page")
    assert (done.status, done.out) == (1, "")
    assert "unknown suite 'nope'" in done.err
    assert not (studied / "page").exists()


def test_compare_refuses_a_suite_without_tasks_or_seeds(folder: Path) -> None:
    block = Block(("problems.py:quick",), (Contender("random"),), (), Budget("trials", 2))
    for blocks, lacks in (((), "tasks"), ((block,), "seeds")):
        with pytest.raises(NbsError, match=f"^suite 'empty' has no {lacks}$"):
            compare("lahc", suite=Suite("empty", "nothing", blocks), store="new.duckdb")


def test_compare_counts_a_run_planned_twice_once(folder: Path) -> None:
    block = Block(("problems.py:quick",), (Contender("random"),), range(2), Budget("trials", 2))
    told: list[str] = []
    compare("lahc", suite=Suite("twice", "a block twice", (block, block)), store="new.duckdb", tell=told.append)
    assert told[0].startswith("new.duckdb lacks 2 of the 2 runs of suite twice's contenders")


@pytest.mark.parametrize(("executor", "slots"), [("simulated", 3), ("serial", 1)])
def test_compare_takes_the_usable_cores_for_simulated_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, executor: str, slots: int
) -> None:
    class Started(Exception):
        pass

    def study(store: Store, resources: Resources, **settings: object) -> None:
        assert resources.slots == slots
        raise Started

    monkeypatch.setattr(module, "usable_cores", lambda: 3)
    monkeypatch.setattr(module, "Study", study)
    block = Block(("problems.py:quick",), (Contender("random"),), range(2), Budget("trials", 2), executor=executor)
    with pytest.raises(Started):
        compare("lahc", suite=Suite("mine", "two runs", (block,)), store="new.duckdb")


def test_compare_names_the_other_source_of_a_contender_that_it_leaves_out(folder: Path) -> None:
    def suite(file: str) -> Suite:
        block = Block(("problems.py:quick",), (Contender(f"{file}:Hill"),), range(2), Budget("trials", 2))
        return Suite("hills", "one task", (block,))

    (folder / "a.py").write_text(STILL)
    (folder / "b.py").write_text(MOVING)
    run_suite(suite("a.py"), store="new.duckdb")
    found = compare("random", suite=suite("b.py"), store="new.duckdb")
    source = load_optimizer("a.py:Hill").source
    assert found.sentences[-1].endswith(f"plans them, are runs: 2 of Hill from another source, {source}.")
