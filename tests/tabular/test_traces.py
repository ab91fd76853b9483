"""Recorded searches kept with an exported table: whole, described, and in place of earlier ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.record import Told
from nasbench_sparse.errors import OtherTask, TableError
from nasbench_sparse.registry import wrap_optimizer
from nasbench_sparse.runner.loop import RunLoop
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.runner.study import Study, Unwatched
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.manifest import read_manifest
from nasbench_sparse.tabular.parquet import SEARCHES, export_table, import_table
from nasbench_sparse.tabular.places import keep_table
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.tabular.traces import keep_searches
from tests.tabular.problems import ONE_SHOT, TASK
from tests.tabular.test_results import Searches


class Interrupting(Unwatched):
    """Interrupts a study after some outcomes."""

    def __init__(self, outcomes: int) -> None:
        self.left = outcomes

    def told(self, loop: RunLoop, told: Told) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that holds the whole table and no search."""
    store = Store(tmp_path_factory.mktemp("built") / "built.duckdb")
    Study(store).run(plan_build(ONE_SHOT, Enumeration("all"), replicates=1))
    return store


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the searches of seeds 1 and 2, and two steps of one that was cut short."""
    store = searched(tmp_path_factory.mktemp("live") / "live.duckdb", 1, 2)
    plan = plan_run(ONE_SHOT, wrap_optimizer(Searches), Budget("trials", 10), seed=3)
    with pytest.raises(KeyboardInterrupt):
        Study(store, watcher=Interrupting(2)).run([plan])
    return store


@pytest.fixture
def folder(built: Store, tmp_path: Path) -> Path:
    """An exported table without searches."""
    export_table(stored_table(built, ONE_SHOT), tmp_path / "export", {"commands": ["build it"]})
    return tmp_path / "export"


def searched(path: Path, *seeds: int) -> Store:
    """A store with searches of these seeds."""
    for seed in seeds:
        nbs.run(ONE_SHOT, Searches, trials=10, store=path, seed=seed)
    return Store(path)


def test_kept_searches_answer_simulated_runs_as_the_live_search_did(
    folder: Path, live: Store, tmp_path: Path
) -> None:
    assert len(keep_searches(folder, ONE_SHOT, live, ("search it",))) == 2
    keep_table(folder, ONE_SHOT)
    replayed = Store(tmp_path / "replayed.duckdb")
    for seed in (1, 2):
        nbs.run(ONE_SHOT, Searches, trials=10, store=replayed, seed=seed, executor="simulated")
    columns = "seed, number, kind, t.config_key, t.status, loss, seconds, told_at"
    query = f"SELECT {columns} FROM trials AS t JOIN runs USING (run_id) WHERE seed < 3 ORDER BY seed, number"
    assert replayed.sql(query).rows() == live.sql(query).rows()


def test_the_manifest_says_how_searches_were_recorded(folder: Path, live: Store) -> None:
    before = read_manifest(folder)
    keep_searches(folder, ONE_SHOT, live, ("search it",))
    manifest = read_manifest(folder)
    made = manifest.made["searches"]
    query = "SELECT seconds FROM trials JOIN runs USING (run_id) WHERE kind = 'search' AND seed < 3"
    steps = live.sql(query)["seconds"]
    assert (made["commands"], made["searches"], made["steps"]) == (["search it"], 2, 6)
    assert made["seconds"] == pytest.approx(float(steps.sum()))
    assert sum(each["steps"] for each in made["provenances"]) == 6
    assert all("host" not in each for each in made["provenances"])
    assert manifest.made["commands"] == ["build it"]
    assert {name: manifest.files[name] for name in before.files} == before.files
    assert manifest.files[SEARCHES]["rows"] == 6


def test_searches_kept_again_take_the_place_of_the_earlier_ones(folder: Path, live: Store, tmp_path: Path) -> None:
    keep_searches(folder, ONE_SHOT, live, ("one",))
    keep_searches(folder, ONE_SHOT, searched(tmp_path / "other.duckdb", 3), ("two",))
    kept = import_table(folder, ONE_SHOT).searches
    assert {row.seed for row in kept.rows} == {3}
    assert read_manifest(folder).made["searches"]["commands"] == ["two"]


def test_a_store_without_searches_and_a_table_of_another_task_are_refused(folder: Path, built: Store) -> None:
    with pytest.raises(TableError, match="holds no search of task 'one-shot'; 'search it' records some"):
        keep_searches(folder, ONE_SHOT, built, ("search it",))
    with pytest.raises(OtherTask, match="is the table of task 'one-shot', not of 'small'"):
        keep_searches(folder, TASK, built, ("search it",))
    assert SEARCHES not in read_manifest(folder).files
