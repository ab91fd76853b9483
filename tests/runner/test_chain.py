from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.run import CONFIRMATION
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import InvalidConfig, NbsError, TaskError, UnknownName
from nasbench_sparse.leaderboard.results import read_results
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed, Stage
from nasbench_sparse.runner.chain_derive import derive_task, final_of
from nasbench_sparse.runner.chain_incumbent import incumbent
from nasbench_sparse.runner.chain_recorded import derived_tasks, recorded_paths
from nasbench_sparse.runner.chain_run import run_chain
from nasbench_sparse.runner.chain_walk import Placement
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import Unwatched
from nasbench_sparse.runner.suite import Contender
from nasbench_sparse.store import Store
from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ContinuousSpace
from tests.runner.chains import FIRST, GENES, REPLICATES, chain, settled, tuned

TRIALS = 8


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that holds the chain whole."""
    kept = Store(tmp_path_factory.mktemp("chain") / "s.duckdb")
    report = run_chain(chain(), kept)
    assert not report.failed
    return kept


def best_of(store: Store, fingerprint: str, seed: int) -> tuple[str, float]:
    """The lowest loss of a run, the first of equals, read from the trials alone."""
    rows = store.sql(
        "SELECT t.config_key, t.loss FROM trials t JOIN runs r USING (run_id) WHERE r.fingerprint = ? "
        "AND r.seed = ? AND r.replicate = 0 ORDER BY t.loss, t.number LIMIT 1",
        (fingerprint, seed),
    )
    key, loss = rows.row(0)
    return key, loss


# -- derived tasks ------------------------------------------------------------------------------------------


def test_derived_task_says_what_it_was_made_from() -> None:
    config = GENES.optimum
    task = derive_task(tuned, "numbers", FIRST, config)
    key = config_key(config)
    assert task.derived_from == f"{FIRST.fingerprint}/{key}"
    assert (task.name, task.family) == (f"genes-numbers-{key[:8]}", "kin")
    assert task.declaration["derived_from"] == task.derived_from


def test_equal_incumbents_derive_one_task_and_others_another() -> None:
    config = GENES.optimum
    shuffled = dict(reversed(config.items()))
    other = {**config, "gene_0": "elu"}
    assert (
        derive_task(tuned, "n", FIRST, config).fingerprint == derive_task(tuned, "n", FIRST, shuffled).fingerprint
    )
    assert derive_task(tuned, "n", FIRST, config).fingerprint != derive_task(tuned, "n", FIRST, other).fingerprint


def test_derived_fingerprint_is_the_same_in_another_process() -> None:
    code = (
        "from tests.runner.chains import *; from nasbench_sparse.runner.chain_derive import derive_task; "
        "print(derive_task(tuned, 'n', FIRST, GENES.optimum).fingerprint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == derive_task(tuned, "n", FIRST, GENES.optimum).fingerprint


def test_derivation_of_something_else_is_refused() -> None:
    with pytest.raises(TaskError, match="derives a dict of task 'genes'"):
        derive_task(lambda task, config: dict(config), "n", FIRST, GENES.optimum)  # type: ignore[arg-type,return-value]
    with pytest.raises(InvalidConfig, match="gene_1 is one of"):
        derive_task(tuned, "n", FIRST, {**GENES.optimum, "gene_1": "none"})


def test_final_is_the_incumbent_or_a_task_of_one_config() -> None:
    assert final_of(None, "m", FIRST, GENES.optimum) == Fixed("m", FIRST, GENES.optimum)
    final = final_of(settled, "m", FIRST, GENES.optimum)
    assert final.config == {"gene_0": "done"}
    assert final.task.derived_from == f"{FIRST.fingerprint}/{config_key(GENES.optimum)}"
    with pytest.raises(TaskError, match="must have one config"):
        final_of(tuned, "m", FIRST, GENES.optimum)


# -- incumbents ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "amount"), [("trials", 6), ("epochs", 54), ("evaluations", 6), ("seconds", 60.0)])
def test_incumbent_of_an_extended_run_is_that_of_the_smaller_budget(
    tmp_path: Path, unit: str, amount: float
) -> None:
    task = SyntheticTask()
    short = nbs.run(task, "random", seed=3, store=tmp_path / "short.duckdb", **{unit: amount})
    nbs.run(task, "random", seed=3, store=tmp_path / "long.duckdb", trials=60)
    budget = Budget(unit, amount)  # type: ignore[arg-type]
    found = [
        incumbent(Store(tmp_path / f"{name}.duckdb").recorded(short.run_id), budget, FIRST.fidelity.max)
        for name in ("short", "long")
    ]
    assert found[0] == found[1]
    assert found[0] is not None
    assert (found[0].config, found[0].loss) == (short.config, short.loss)
    whole = incumbent(Store(tmp_path / "long.duckdb").recorded(short.run_id), Budget("trials", 60), 9)
    assert whole is not None
    assert whole.loss < found[0].loss, "the case would prove nothing"


def test_incumbent_is_taken_at_the_largest_fidelity(tmp_path: Path) -> None:
    result = nbs.run(FIRST, "asha", seed=0, epochs=60, store=tmp_path / "s.duckdb")
    recording = Store(tmp_path / "s.duckdb").recorded(result.run_id)
    found = incumbent(recording, Budget("epochs", 60), FIRST.fidelity.max)
    assert found is not None
    reached = {trial.number: trial.fidelity for trial in recording.asked.values()}
    top = max(reached.values())
    assert found.fidelity == top
    assert found.loss == min(told.loss for told in recording.told if reached[told.number] == top)


def test_run_without_a_successful_trial_has_no_incumbent(tmp_path: Path) -> None:
    failing = replace(FIRST, faults=(Fault("raise"),))
    result = nbs.run(failing, "random", trials=2, store=tmp_path / "s.duckdb")
    assert incumbent(Store(tmp_path / "s.duckdb").recorded(result.run_id), Budget("trials", 2), 9) is None
    assert incumbent(Recording(), Budget("trials", 2), 9) is None


# -- running ------------------------------------------------------------------------------------------------


def test_second_stage_searches_the_task_of_the_first_ones_incumbent(store: Store) -> None:
    for seed in (0, 1, 2):
        key, _ = best_of(store, FIRST.fingerprint, seed)
        derived = store.sql(
            "SELECT k.fingerprint, k.name, k.family FROM tasks k JOIN runs r USING (fingerprint) "
            "WHERE k.derived_from = ? AND r.seed = ? AND r.study = 'both'",
            (f"{FIRST.fingerprint}/{key}", seed),
        )
        assert derived.height == 1
        fingerprint, name, family = derived.row(0)
        assert (name, family) == (f"genes-numbers-{key[:8]}", "kin")
        assert store.sql(
            "SELECT count(*) FROM trials t JOIN runs r USING (run_id) WHERE r.fingerprint = ? AND r.seed = ? "
            "AND NOT hidden",
            (fingerprint, seed),
        ).item() == TRIALS  # fmt: skip


def test_confirmation_trains_finals_and_baselines_on_fresh_replicates_alone(store: Store) -> None:
    runs = store.sql("SELECT DISTINCT study, replicate FROM runs ORDER BY ALL").rows()
    assert runs == sorted([("both", 0), *((CONFIRMATION, replicate) for replicate in REPLICATES)])
    trained = store.sql(
        "SELECT t.config_key, r.fingerprint FROM trials t JOIN runs r USING (run_id) WHERE r.replicate = 4"
    ).rows()
    finals = {
        (config_key(final.config), final.task.fingerprint)
        for path in recorded_paths(chain(), store)
        if (final := path.final) is not None
    }
    fixed = {(config_key(f.config), FIRST.fingerprint) for f in chain().baselines if isinstance(f, Fixed)}
    assert sorted(trained) == sorted(finals | fixed)


def test_leaderboard_holds_searches_and_no_confirmation(store: Store) -> None:
    results = read_results(store)
    assert {run.contender.optimizer for run in results.runs} == {"lahc", "random"}
    assert {run.replicate for run in results.runs} == {0}
    assert {run.family for run in results.runs} == {"kin"}


def test_second_call_trains_nothing(store: Store) -> None:
    before = store.sql("SELECT count(*) FROM trials").item()
    report = run_chain(chain(), store)
    assert (report.finished, report.failed) == ([], {})
    assert store.sql("SELECT count(*) FROM trials").item() == before


def test_recorded_paths_are_those_of_the_run(store: Store) -> None:
    whole = chain()
    paths = recorded_paths(whole, store)
    assert [(path.chain.name, path.seed, len(path.steps)) for path in paths] == [
        *(("both", seed, 2) for seed in (0, 1, 2)),
        *(("genes alone", seed, 1) for seed in (0, 1, 2)),
    ]
    for path in paths:
        assert path.final is not None
        fingerprint = path.steps[-1].plan.spec.fingerprint
        key, loss = best_of(store, fingerprint, path.seed)
        best = path.steps[-1].outcome.incumbent
        assert best is not None
        assert (config_key(best.config), best.loss) == (key, loss)
        assert path.final == Fixed(path.chain.name, path.steps[-1].plan.task, best.config)


def test_derived_tasks_are_rebuilt_from_the_store_and_can_be_run(store: Store) -> None:
    tasks = derived_tasks(chain(), store)
    kept = store.sql("SELECT name, fingerprint FROM tasks WHERE derived_from IS NOT NULL").rows()
    assert sorted((task.name, task.fingerprint) for task in tasks.values()) == sorted(kept)
    task = next(iter(tasks.values()))
    again = nbs.run(task, "random", seed=0, trials=TRIALS, store=store)
    assert (again.status, again.loss) == ("reused", best_of(store, task.fingerprint, 0)[1])


def test_runs_do_not_depend_on_executor_or_on_the_seeds_beside_them(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "s.duckdb")
    run_chain(chain(), other, seeds=[2, 1], placement=Placement("processes"), resources=Resources(slots=2))
    query = (
        "SELECT r.seed, r.fingerprint, t.number, t.config_key, t.loss FROM trials t JOIN runs r USING (run_id) "
        "WHERE r.seed > 0 AND r.study = 'both' ORDER BY ALL"
    )
    assert other.sql(query).rows() == store.sql(query).rows()
    here, there = recorded_paths(chain(), store, [1, 2]), recorded_paths(chain(), other, [1, 2])
    assert [path.final for path in here] == [path.final for path in there]


def test_methods_that_give_one_run_different_budgets_keep_their_own_incumbents(tmp_path: Path) -> None:
    store, task = Store(tmp_path / "s.duckdb"), SyntheticTask(name="wide")
    whole, half, double = (
        Chain(name=f"{trials}", task=task, stages=(Stage("s", Contender("random"), Budget("trials", trials)),))
        for trials in (10, 5, 40)
    )
    run_chain(replace(whole, confirm=Confirmation((1,), (half, double)), seeds=(3,)), store)
    losses = store.sql("SELECT loss FROM trials t JOIN runs r USING (run_id) WHERE r.replicate = 0 ORDER BY number")
    paths = recorded_paths(replace(whole, confirm=Confirmation((1,), (half, double)), seeds=(3,)), store)
    bests = [path.steps[0].outcome.incumbent for path in paths]
    first = losses["loss"].to_list()
    assert len(first) == 40
    assert [best.loss for best in bests if best] == [min(first[:10]), min(first[:5]), min(first)]
    assert len(set(map(min, (first[:10], first[:5], first)))) > 1, "the case would prove nothing"


def test_seed_without_an_incumbent_stops_and_the_others_go_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.duckdb")
    first = nbs.run(FIRST, "random", seed=0, trials=1)
    failing = replace(FIRST, faults=(Fault("raise", tuple((first.config or {}).items())),))
    stages = (
        Stage("genes", Contender("random"), Budget("trials", 1)),
        Stage("numbers", Contender("random"), Budget("trials", 1), tuned),
    )
    run_chain(Chain(name="c", task=failing, stages=stages, seeds=(0, 1)), store)
    lost, found = recorded_paths(Chain(name="c", task=failing, stages=stages, seeds=(0, 1)), store)
    assert (len(lost.steps), lost.final) == (1, None)
    assert lost.steps[0].outcome.status == "finished"
    assert (len(found.steps), found.final is None) == (2, False)


def test_steps_are_announced_in_order_each_to_a_watcher_of_its_own(tmp_path: Path) -> None:
    watchers: list[tuple[str, Unwatched]] = []

    def watch(title: str) -> Unwatched:
        watchers.append((title, Unwatched()))
        return watchers[-1][1]

    run_chain(chain(trials=2), Store(tmp_path / "s.duckdb"), watch=watch)
    assert [title for title, _ in watchers] == [
        "stage 1 of 2: genes",
        "stage 2 of 2: numbers",
        "confirmation on 7 replicates",
    ]
    assert len({id(watcher) for _, watcher in watchers}) == 3


# -- mistakes -----------------------------------------------------------------------------------------------


def broken(parent: Task, config: Config) -> Task:
    return replace(tuned(parent, config), replicates=1)


@pytest.mark.parametrize(
    ("stage", "error", "message"),
    [
        (Stage("n", Contender("no-such"), Budget("trials", 1), tuned), UnknownName, "unknown optimizer 'no-such'"),
        (Stage("n", Contender("lahc", {"historry": 3}), Budget("trials", 1), tuned), UnknownName, "historry"),
        (Stage("n", Contender("lahc", {"history_length": 0}), Budget("trials", 1), tuned), NbsError, "at least 1"),
        (Stage("n", Contender("random"), Budget("trials", 1), broken), NbsError, "replicates 0 to 0"),
    ],
)
def test_mistake_in_a_later_stage_shows_before_anything_is_trained(
    tmp_path: Path, stage: Stage, error: type[NbsError], message: str
) -> None:
    store = Store(tmp_path / "s.duckdb")
    stages = (Stage("genes", Contender("random"), Budget("trials", 1)), stage)
    with pytest.raises(error, match=message):
        run_chain(Chain(name="c", task=FIRST, stages=stages, confirm=Confirmation((1,))), store)
    assert not store.path.exists()
    assert not Path(f"{store.path}.journal").exists()


GENE_STAGE = Stage("genes", Contender("random"), Budget("trials", 1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stages": ()}, "needs stages"),
        ({"stages": (GENE_STAGE, replace(GENE_STAGE, derive=tuned))}, "distinct names"),
        ({"stages": (replace(GENE_STAGE, derive=tuned),)}, "derives none"),
        ({"stages": (GENE_STAGE, replace(GENE_STAGE, name="n"))}, "needs to derive its task"),
        ({"seeds": (1, 1)}, "distinct seeds"),
        ({"confirm": Confirmation((0, 1))}, "replicate 0 is what 'c' searches on"),
        ({"replicate": 2, "confirm": Confirmation((1, 2))}, "replicate 2 is what 'c' searches on"),
        ({"confirm": Confirmation((1, 8))}, "replicates 0 to 7"),
        ({"confirm": Confirmation((1,), (Fixed("c", FIRST, GENES.optimum),))}, "distinct names"),
        (
            {"confirm": Confirmation((1,), (Chain(name="b", task=FIRST, stages=(GENE_STAGE,), replicate=1),))},
            "replicate 1 is what 'b' searches on",
        ),
    ],
)
def test_contradictory_declaration_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        Chain(**{"name": "c", "task": FIRST, "stages": (GENE_STAGE,), **fields})  # type: ignore[arg-type]


def test_contradictory_confirmation_is_refused() -> None:
    with pytest.raises(TaskError, match="distinct replicates"):
        Confirmation((1, 1))
    with pytest.raises(TaskError, match="declares no own one"):
        Confirmation((1,), (chain(),))
    with pytest.raises(InvalidConfig, match="gene_0"):
        Fixed("f", FIRST, {**GENES.optimum, "gene_0": "none"})
    assert SyntheticTask(space=ContinuousSpace()).derived_from is None
    with pytest.raises(NbsError, match="distinct seeds"):
        run_chain(chain(), Store("never.duckdb"), seeds=[])


def test_seeds_apart_search_on_replicates_of_their_own(tmp_path: Path) -> None:
    stages = (Stage("s", Contender("random"), Budget("trials", 2)),)
    chain = Chain(name="c", task=FIRST, stages=stages, seeds=(0, 1), replicate=2, apart=True)
    store = Store(tmp_path / "results.duckdb")
    run_chain(chain, store)
    rows = store.sql("SELECT seed, replicate FROM runs ORDER BY seed").rows()
    assert rows == [(0, 2), (1, 3)]


def test_seeds_apart_need_replicates_after_those_that_confirm() -> None:
    stages = (Stage("s", Contender("random"), Budget("trials", 2)),)
    last = FIRST.replicates - 1
    with pytest.raises(TaskError, match=f"replicates up to {last + 1}, and task"):
        Chain(name="c", task=FIRST, stages=stages, seeds=(0, 1), replicate=last, apart=True)
    with pytest.raises(TaskError, match="only those before it can confirm"):
        Chain(
            name="c",
            task=FIRST,
            stages=stages,
            seeds=(0,),
            replicate=1,
            apart=True,
            confirm=Confirmation((2,)),
        )
