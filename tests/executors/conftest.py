from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nasbench_sparse.core.executor import Executor
from nasbench_sparse.executors import make_executor
from tests.executors.probe_task import ProbeTask

Build = Callable[..., Executor]


@pytest.fixture
def task(tmp_path: Path) -> ProbeTask:
    return ProbeTask(folder=str(tmp_path))


@pytest.fixture(scope="session")
def local_ray() -> Iterator[Any]:
    import ray

    ray.init(address="local", num_cpus=4, num_gpus=1, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.fixture(params=["serial", "simulated", "processes", pytest.param("ray", marks=pytest.mark.ray)])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "ray":
        request.getfixturevalue("local_ray")
    return str(request.param)


@pytest.fixture
def build(kind: str) -> Iterator[Build]:
    """A function that builds executors of one kind and closes them after the test."""
    built: list[Executor] = []

    def make(**options: Any) -> Executor:
        built.append(make_executor(kind, **options))
        return built[-1]

    yield make
    for executor in built:
        executor.close()
