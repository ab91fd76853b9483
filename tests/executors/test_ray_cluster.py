from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.checkpoints import key_left
from nasbench_sparse.executors.ray_cluster import RayExecutor, _connect
from nasbench_sparse.executors.serial import SerialExecutor
from tests.executors.driving import run, run_all
from tests.executors.probe_task import ProbeTask, TorchTask, wait_until, work_on

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]
ROOT = Path(__file__).parents[2]


def test_ray_tries_a_trial_again_whose_actor_died(task: ProbeTask) -> None:
    with RayExecutor(workers=2) as executor:
        done = run_all(executor, task, [work_on(0, do="kill once"), *(work_on(n) for n in range(1, 6))])
    assert done[0] == run(SerialExecutor(), task, work_on(0, do="kill once")).evaluation
    starts = [line.split()[0] for line in task.log()]
    assert [starts.count(str(number)) for number in range(1, 6)] == [1] * 5


def test_ray_gives_up_a_trial_that_kills_its_actors(task: ProbeTask) -> None:
    with RayExecutor() as executor:
        killed = run(executor, task, work_on(0, do="kill")).evaluation
        assert (killed.status, killed.error) == (Status.FAILED, "worker died (ActorDiedError) 3 times")
        assert run(executor, task, work_on(2)).evaluation.status is Status.OK
    assert len(task.log()) == 3 + 1


def test_ray_does_not_try_a_failed_trial_again(task: ProbeTask) -> None:
    with RayExecutor() as executor:
        assert run(executor, task, work_on(0, do="raise")).evaluation.status is Status.FAILED
    assert len(task.log()) == 1


def test_ray_next_completed_returns_none_when_its_time_is_over(task: ProbeTask) -> None:
    with RayExecutor() as executor:
        executor.submit(task, work_on(0, do="hang"))
        assert executor.next_completed(timeout=0.05) is None
        assert executor.free_workers == 0


def test_ray_actors_share_a_gpu_by_fractions(task: ProbeTask, local_ray: Any) -> None:
    with RayExecutor(workers=2, gpus_per_trial=0.5) as executor:
        done = run_all(executor, task, [work_on(0, do="meet"), work_on(1, do="meet")])
        free = local_ray.available_resources().get("GPU", 0.0)
    assert {evaluation.status for evaluation in done.values()} == {Status.OK}
    assert free == 0.0


def test_ray_says_what_the_cluster_has_when_an_actor_cannot_be_placed(task: ProbeTask) -> None:
    with RayExecutor(gpus_per_trial=2, start_timeout=0.5) as executor:
        executor.submit(task, work_on(0))
        with pytest.raises(NbsError, match=r"needs 1 CPU and 2 GPU within 0\.5 s; the cluster has 4 CPU and 1 GPU"):
            executor.next_completed()


def test_ray_goes_on_with_the_actors_there_is_room_for(task: ProbeTask) -> None:
    with RayExecutor(workers=3, cpus_per_trial=3) as executor:
        done = run_all(executor, task, [work_on(number) for number in range(6)])
    assert {evaluation.status for evaluation in done.values()} == {Status.OK}


def is_lost(reference: Any) -> bool:
    """Whether Ray has noticed that an object is gone."""
    import ray

    try:
        ray.get(reference)
    except ray.exceptions.ObjectLostError:
        return True
    return False


def test_ray_trains_a_lost_checkpoint_again_with_the_same_bits(task: ProbeTask, local_ray: Any) -> None:
    class Owner:
        def own(self) -> list[Any]:
            return [local_ray.put(bytes(200_000))]

    owner = local_ray.remote(Owner).remote()
    (lost,) = local_ray.get(owner.own.remote())
    local_ray.kill(owner)  # an object is lost with the process that owns it
    wait_until(lambda: is_lost(lost))
    executor = RayExecutor()
    with executor:
        parent, child = work_on(0, fidelity=3), work_on(1, resumes_at=3)
        run(executor, task, parent)
        executor._checkpoints.put(key_left(task.fingerprint, parent.trial), lost, 200_000)
        continued = run(executor, task, child).evaluation
    assert (continued.error, continued.status) == (None, Status.OK)
    assert [line.split()[-1] for line in task.log()] == ["0->3", "0->8"]
    assert continued == run(SerialExecutor(), task, child).evaluation


def test_ray_trains_with_one_thread_and_the_bits_of_the_serial_executor(tmp_path: Path) -> None:
    import torch

    task, threads = TorchTask(folder=str(tmp_path)), torch.get_num_threads()
    works = [work_on(n, x=0.1 * (n + 1), replicate=n) for n in range(2)]
    with RayExecutor(cpus_per_trial=2) as executor:  # Ray sets two threads for two CPUs
        done = run_all(executor, task, works)
    assert task.log() == ["threads 1 1"] * 2
    torch.set_num_threads(1)
    try:
        assert run_all(SerialExecutor(), task, works) == done
    finally:
        torch.set_num_threads(threads)


def test_ray_leaves_a_connection_of_the_program_open(local_ray: Any) -> None:
    RayExecutor().close()
    assert local_ray.is_initialized()


def in_another_process(name: str, folder: Path, *arguments: str) -> dict[str, Any]:
    """Run one of the programs in `ray_programs.py`, which start a Ray of their own, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-m", "tests.executors.ray_programs", name, str(folder), *arguments]
    environment = {**os.environ, "RAY_ADDRESS": ""}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def test_ray_starts_a_quiet_local_one_and_shuts_it_down(tmp_path: Path) -> None:
    answer = in_another_process("local", tmp_path)
    assert answer == {"status": "OK", "error": None, "initialized": False}


def test_ray_completes_every_trial_once_when_a_node_is_lost(tmp_path: Path) -> None:
    answer = in_another_process("cluster", tmp_path)
    assert answer["completed"] == list(range(24))
    assert answer["equal"] is True
    # Checkpoints lost with the node are trained again, the others continued; a lost attempt may count twice.
    assert answer["continued"] + answer["retrained"] >= 12


def test_study_on_ray_goes_on_when_a_node_is_lost(tmp_path: Path) -> None:
    answer = in_another_process("study", tmp_path)
    assert answer["numbers"] is True
    assert answer["statuses"] == ["OK"]
    assert 90 <= answer["units"] < 90 + 9 + 2 * 9, "the budget is charged once, plus what was in flight"
    assert answer["promoted_after"] > 0
    assert answer["parents_once"] is True
    assert 15 <= answer["removed_at"] <= 18
    assert answer["sound"] is True


def test_ray_names_an_address_where_nothing_answers() -> None:
    with pytest.raises(NbsError, match=r"no Ray cluster answers at '127\.0\.0\.1:1': .*refused"):
        _connect("127.0.0.1:1", cpus=1.0)
