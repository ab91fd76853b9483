from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.leaderboard.board import read_board
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import parse_shard, plan_build
from nasbench_sparse.tabular.enumeration import Enumeration, TableBuild, length
from nasbench_sparse.tabular.making import how_made
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace, ContinuousSpace
from tests.tabular.problems import TASK

CHROMOSOMES, CUBE = ChromosomeSpace(length=3), ContinuousSpace()

BUILD = """
import sys
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace
task = SyntheticTask(name="slow", space=ChromosomeSpace(length=2), faults=(Fault("sleep", (), 0.03),))
Study(Store(sys.argv[1])).run(plan_build(task, Enumeration("all"), replicates=2))
"""


def asked(optimizer: TableBuild) -> list[str]:
    keys = []
    while (config := optimizer.ask()) is not None:
        keys.append(config_key(config))
    return keys


@pytest.mark.parametrize(
    ("space", "enumeration", "count"),
    [
        (CHROMOSOMES, Enumeration("all"), 125),
        (CUBE, Enumeration("grid", 3), 27),
        (CUBE, Enumeration("configs", 10), 10),
        (CHROMOSOMES, Enumeration("configs", 125), 125),
    ],
)
def test_enumeration_is_distinct_complete_and_the_same_again(
    space: ChromosomeSpace | ContinuousSpace, enumeration: Enumeration, count: int
) -> None:
    keys = [config_key(config) for config in enumeration.configs(space)]
    assert len(set(keys)) == len(keys) == length(enumeration, space) == count
    assert keys == [config_key(config) for config in enumeration.configs(space)]


def test_more_random_configs_begin_with_fewer() -> None:
    few, many = (list(Enumeration("configs", number).configs(CUBE)) for number in (5, 9))
    assert many[:5] == few


def test_enumeration_refuses_what_cannot_be_listed() -> None:
    with pytest.raises(NbsError, match="not finite"):
        Enumeration("all").check(CUBE)
    with pytest.raises(NbsError, match="125 configs, fewer than 126"):
        Enumeration("configs", 126).check(CHROMOSOMES)
    with pytest.raises(NbsError, match="at least 1"):
        Enumeration("grid", 0)
    with pytest.raises(UnknownName, match="all"):
        Enumeration("al")  # type: ignore[arg-type]


def test_shards_share_the_configs() -> None:
    problem = Problem(CHROMOSOMES, TASK.objective, TASK.fidelity)
    whole = asked(TableBuild(problem, seed=0))
    parts = [asked(TableBuild(problem, seed=0, shard=i, shards=4)) for i in (1, 2, 3, 4)]
    assert sorted(key for part in parts for key in part) == sorted(whole)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "1/0"])
def test_a_shard_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(NbsError):
        plan_build(TASK, Enumeration("all"), replicates=1, shard=parse_shard(text))


def test_more_replicates_than_the_task_has_are_refused() -> None:
    with pytest.raises(NbsError, match="1 to 3 replicates, not 4"):
        plan_build(TASK, Enumeration("all"), replicates=4)


def test_shards_in_stores_of_their_own_are_merged_into_the_same_table(built: Store, tmp_path: Path) -> None:
    stores = [Store(tmp_path / f"{i}.duckdb") for i in (1, 2)]
    for i, store in enumerate(stores, 1):
        Study(store).run(plan_build(TASK, Enumeration("all"), replicates=3, shard=(i, 2)))
    stores[0].merge_from(stores[1].path)
    merged = stored_table(stores[0], TASK)
    assert merged.complete
    assert dict(merged.evaluations) == dict(stored_table(built, TASK).evaluations)
    assert list(merged.configs) == list(TASK.space.grid(1))


def test_a_killed_build_goes_on_and_trains_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "killed.duckdb"
    process = subprocess.Popen([sys.executable, "-c", BUILD, str(path)])
    journal = Path(f"{path}.journal")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(b'"told"' in file.read_bytes() for file in journal.glob("*.jsonl")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    task = SyntheticTask(name="slow", space=ChromosomeSpace(length=2), faults=(Fault("sleep", (), 0.03),))
    store = Store(path)
    before = len(store.results(task.fingerprint))
    assert 0 < before < 50
    Study(store).run(plan_build(task, Enumeration("all"), replicates=2))
    assert stored_table(store, task).complete
    assert store.sql("SELECT count(*) AS n FROM trials WHERE NOT reused").item() == 50
    assert store.verify() == []


def test_builds_are_hidden_from_leaderboards_and_reused_by_runs(built: Store) -> None:
    assert built.sql("SELECT count(*) AS n FROM visible_runs").item() == 0
    assert built.sql("SELECT DISTINCT optimizer, study, hidden FROM runs").rows() == [
        ("table-build", "table-build", True)
    ]
    assert read_board(built).entries == ()


def test_a_training_that_diverges_at_once_is_part_of_the_table(tmp_path: Path) -> None:
    fault = Fault("diverge", (("gene_0", "tanh"),))
    task = replace(TASK, name="at-once", fidelity=replace(TASK.fidelity, max=1), faults=(fault,))
    store = Store(tmp_path / "at-once.duckdb")
    Study(store).run(plan_build(task, Enumeration("all"), replicates=2))
    table = stored_table(store, task)
    assert table.complete
    assert table.query({"gene_0": "tanh", "gene_1": "elu"}).loss == 10.0


def test_how_made_gives_command_time_and_machine_but_no_host(built: Store) -> None:
    made = how_made(built, TASK, "problems.py:small")
    assert made["commands"] == ["nasbench-sparse table build problems.py:small --all --replicates 3"]
    assert made["runs"] == 3
    assert made["training_seconds"] == sum(e.seconds for e in built.results(TASK.fingerprint).values())
    (provenance,) = made["provenances"]
    assert "versions" in provenance
    assert "host" not in provenance
