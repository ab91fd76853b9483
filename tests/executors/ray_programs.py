"""Programs that start their own Ray, run by `test_ray_cluster` in fresh processes; each prints a JSON object."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import ray

from nasbench_sparse.executors.ray_cluster import RayExecutor
from nasbench_sparse.executors.serial import SerialExecutor
from tests.executors.driving import run, run_all
from tests.executors.probe_task import ProbeTask, wait_until, work_on


@dataclass(frozen=True, kw_only=True)
class MainTask(ProbeTask):
    """A task whose class exists only in the driver's script."""


def local(folder: str) -> dict[str, Any]:
    """Start a local Ray, evaluate one trial, and shut it down."""
    with RayExecutor() as executor:
        evaluation = run(executor, MainTask(folder=folder), work_on(0)).evaluation
    return {"status": evaluation.status, "error": evaluation.error, "initialized": ray.is_initialized()}


SETTINGS = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 300,
    "health_check_failure_threshold": 3,
    "object_manager_pull_timeout_ms": 500,  # 10 s by default until a pull from the lost node is given up
}


def study(folder: str) -> dict[str, Any]:
    """Run ASHA on three nodes, recorded in a store, and remove one node in the middle of the run."""
    from ray.cluster_utils import Cluster

    import nasbench_sparse as nbs
    from nasbench_sparse.runner.resources import Resources
    from nasbench_sparse.runner.study import Unwatched
    from nasbench_sparse.testing.problems import Fault, SyntheticTask

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "_system_config": SETTINGS})
    lost = nodes.add_node(num_cpus=1)
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()

    class Axe(Unwatched):
        removed_at: int | None = None

        def told(self, loop: Any, told: Any) -> None:
            if loop.told_count == 15:
                Axe.removed_at = loop.number
                nodes.remove_node(lost, allow_graceful=False)

    task = SyntheticTask(faults=(Fault("sleep", (), 0.1),))
    path = f"{folder}/study.duckdb"
    result = nbs.run(
        task,
        "asha",
        seed=1,
        epochs=90,
        executor="ray",
        workers=3,
        store=path,
        resources=Resources(ray_address=nodes.address),
        watcher=Axe(),
    )
    nodes.shutdown()
    store = nbs.Store(path)
    trials = result.trials
    spent = int(store.sql("SELECT sum(units) AS units FROM trials").item())
    promoted = trials.filter(trials["parent"].is_not_null())
    return {
        "numbers": trials["number"].to_list() == list(range(len(trials))),
        "statuses": sorted(set(trials["status"])),
        "units": spent,
        "promoted_after": int((promoted["number"] > 20).sum()),
        "parents_once": promoted["parent"].n_unique() == len(promoted),
        "removed_at": Axe.removed_at,
        "sound": store.verify() == [],
    }


def cluster(folder: str) -> dict[str, Any]:
    """Run on three nodes of one CPU each, and remove one in the middle."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "_system_config": SETTINGS})
    lost = nodes.add_node(num_cpus=1)
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    task = ProbeTask(folder=folder, bulk=200_000)  # too large to travel with the reply: it stays on its node
    short = [work_on(n, x=n / 16, fidelity=3, do="nap") for n in range(12)]
    longer = [work_on(12 + n, x=n / 16, resumes_at=3, do="nap") for n in range(12)]
    with RayExecutor(nodes.address, workers=3) as executor:
        first = run_all(executor, task, short)
        for work in longer[:3]:
            executor.submit(task, work)
        nodes.remove_node(lost, allow_graceful=False)
        done = dict(first)
        waiting = longer[3:]
        while len(done) < 24:
            completion = executor.next_completed()
            assert completion is not None
            assert completion.work.trial.number not in done
            done[completion.work.trial.number] = completion.evaluation
            if waiting:
                executor.submit(task, waiting.pop(0))
        wait_until(lambda: sum(node["Alive"] for node in ray.nodes()) == 2)
    nodes.shutdown()
    starts = [line.split()[-1] for line in task.log()]
    expected = run_all(SerialExecutor(), task, short + longer)
    return {
        "completed": sorted(done),
        "equal": done == expected,
        "continued": starts.count("3->8"),
        "retrained": starts.count("0->8"),
    }


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
