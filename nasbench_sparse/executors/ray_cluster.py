"""The Ray executor: long-lived actors on this machine or a cluster."""

from __future__ import annotations

import math
import os
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

import ray
from ray.exceptions import ObjectLostError, OutOfMemoryError, RayError, RayTaskError

from nasbench_sparse.core.executor import DEVICE_VARIABLE, Work
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.checkpoints import Shelf, key_left, key_needed
from nasbench_sparse.executors.evaluate import failure, failure_text, timed_out
from nasbench_sparse.executors.pool import ATTEMPTS, Job, PoolExecutor
from nasbench_sparse.executors.transport import Parcel, pack
from nasbench_sparse.executors.worker import ONE_THREAD, Worker

_PATIENCE = 1.0  # seconds between looks at limits while nothing completes
_CHECKPOINT_BYTES = 20 * 2**30


class _Actor(Worker):
    """A worker whose results say how large the state beside them is, so that the driver need not fetch it."""

    def ready(self) -> None:
        """Return once the actor has been placed and started."""

    def work(
        self, fingerprint: str, parcel: Parcel | None, work: Work, checkpoint: bytes | None
    ) -> tuple[tuple[Evaluation, int | None], bytes | None]:
        """Evaluate work; the state stays in the object store."""
        evaluation, state = self.evaluate(fingerprint, parcel, work, checkpoint)
        return (evaluation, None if state is None else len(state)), state


@dataclass(slots=True)
class _Member:
    """An actor as the driver sees it; `since` is the monotonic time at which it was asked for."""

    name: str
    handle: Any
    since: float
    started: bool = False
    job: Job | None = None
    state: Any = None
    known: set[str] = field(default_factory=set)


class RayExecutor(PoolExecutor):
    """Evaluates in Ray actors of one thread each, started when first needed; the driver alone records.

    Checkpoints stay in Ray's object store, kept alive by references the driver holds; one that is lost with its
    node is trained again. Trials of an actor that died go to another one. Work is only given to actors that have
    started, so a cluster that shrinks goes on with those it still has.

    Args:
        address: of a running cluster; None takes the RAY_ADDRESS of the environment, or starts a local Ray that has
            at least the CPUs its workers ask for. Where the program has connected to Ray already, that is used and
            left running.
        workers: actors.
        cpus_per_trial, gpus_per_trial: resources of an actor; fractions share a device.
        trial_timeout: wall seconds a trial may take once it was given to an actor.
        start_timeout: wall seconds to wait for the first actor.
    """

    kind: ClassVar[str] = "ray"

    def __init__(
        self,
        address: str | None = None,
        workers: int = 1,
        cpus_per_trial: float = 1.0,
        gpus_per_trial: float = 0.0,
        trial_timeout: float | None = None,
        start_timeout: float = 120.0,
    ) -> None:
        super().__init__(workers, trial_timeout)
        self._resources = {"num_cpus": cpus_per_trial, "num_gpus": gpus_per_trial}
        self._start_timeout = start_timeout
        self._connected_here = not ray.is_initialized()
        if self._connected_here:
            _connect(address or os.environ.get("RAY_ADDRESS") or None, workers * cpus_per_trial)
        variables = {DEVICE_VARIABLE: "auto"} if gpus_per_trial > 0 else {}
        environment = {"env_vars": {**variables, **ONE_THREAD}}
        self._actor_class = ray.remote(**self._resources, runtime_env=environment)(_Actor)
        self._members: list[_Member] = []
        self._expected: dict[Any, _Member] = {}  # object reference -> the member it comes from
        self._pending: deque[Job] = deque()
        self._parcels: dict[str, Parcel] = {}
        self._checkpoints: Shelf[Any] = Shelf(_CHECKPOINT_BYTES)
        self._failed_starts = 0

    def close(self) -> None:
        for member in list(self._members):
            self._discard(member)
        self._pending.clear()
        if self._connected_here and ray.is_initialized():
            ray.shutdown()

    def _start(self, job: Job) -> None:
        if job.task.fingerprint not in self._parcels:
            self._parcels[job.task.fingerprint] = pack(job.task)
        self._pending.append(job)
        self._dispatch()

    def _dispatch(self) -> None:
        """Give pending jobs to idle actors; ask for more actors where jobs are left over."""
        for member in self._members:
            if self._pending and member.started and member.job is None:
                self._send(member, self._pending.popleft())
        starting = sum(not member.started for member in self._members)
        for _ in range(min(len(self._pending) - starting, self.slots - len(self._members))):
            self._ask_for_actor()

    def _ask_for_actor(self) -> None:
        taken = {member.name for member in self._members}
        name = next(name for i in range(self.slots) if (name := f"ray-{i}") not in taken)
        member = _Member(name, self._actor_class.remote(), time.monotonic())
        self._members.append(member)
        self._expected[member.handle.ready.remote()] = member

    def _send(self, member: _Member, job: Job) -> None:
        fingerprint = job.task.fingerprint
        parcel = None if fingerprint in member.known else self._parcels[fingerprint]
        key = key_needed(fingerprint, job.work.trial)
        checkpoint = None if key is None else self._checkpoints.get(key)
        call = member.handle.work.options(num_returns=2)
        result, member.state = call.remote(fingerprint, parcel, job.work, checkpoint)
        member.known.add(fingerprint)
        member.job, job.started = job, time.monotonic()
        self._expected[result] = member

    def _wait(self, seconds: float | None) -> None:
        ends = [self._end(member) - time.monotonic() for member in self._members]
        patience = max(0.0, min([*ends, _PATIENCE, _PATIENCE if seconds is None else seconds]))
        arrived, _ = ray.wait(list(self._expected), num_returns=1, timeout=patience)
        for reference in arrived:
            member = self._expected.pop(reference)
            if member.started:
                self._receive(member, reference)
            else:
                self._welcome(member, reference)
        for member in list(self._members):
            if member.job is not None and time.monotonic() >= self._end(member):
                self._expire(member, member.job)
        self._check_starved()
        self._dispatch()

    def _end(self, member: _Member) -> float:
        if self._limit is None or member.job is None or member.job.started is None:
            return math.inf
        return member.job.started + self._limit

    def _welcome(self, member: _Member, reference: Any) -> None:
        try:
            ray.get(reference)
        except RayError as error:
            self._discard(member)
            self._failed_starts += 1
            if self._failed_starts >= ATTEMPTS:
                raise NbsError(f"Ray could not start a worker: {error}") from error
            return
        self._failed_starts = 0
        member.started = True

    def _receive(self, member: _Member, reference: Any) -> None:
        job, member.job = member.job, None
        state, member.state = member.state, None
        assert job is not None
        try:
            evaluation, state_bytes = ray.get(reference)
        # A RayTaskError can also be an instance of what caused it, so what was lost is asked first.
        except ObjectLostError as error:
            self._forget_checkpoint(job)
            self._lose(job, f"a checkpoint or result was lost ({type(error).__name__})", member.name)
        except RayTaskError as error:
            self._finish(job, failure(Status.FAILED, failure_text(error), 0.0), member.name)
        except OutOfMemoryError as error:
            self._discard(member)
            self._finish(job, failure(Status.OUT_OF_MEMORY, failure_text(error), 0.0), member.name)
        except RayError as error:
            self._discard(member)
            self._lose(job, f"worker died ({type(error).__name__})", member.name)
        else:
            self._keep_checkpoint(job, evaluation, state, state_bytes)
            self._finish(job, evaluation, member.name)

    def _keep_checkpoint(self, job: Job, evaluation: Evaluation, state: Any, size: int | None) -> None:
        if size is not None:
            self._checkpoints.put(key_left(job.task.fingerprint, job.work.trial), state, size)
        if job.work.trial.search is not None and evaluation.status.reusable:
            self._forget_checkpoint(job)

    def _forget_checkpoint(self, job: Job) -> None:
        key = key_needed(job.task.fingerprint, job.work.trial)
        if key is not None:
            self._checkpoints.drop(key)

    def _expire(self, member: _Member, job: Job) -> None:
        assert self._limit is not None
        self._discard(member)
        self._finish(job, timed_out(self._limit), member.name)

    def _discard(self, member: _Member) -> None:
        ray.kill(member.handle)
        self._members.remove(member)
        self._expected = {ref: other for ref, other in self._expected.items() if other is not member}

    def _check_starved(self) -> None:
        """Raise where jobs wait for actors that the cluster has no room for."""
        if not self._pending or any(member.started for member in self._members):
            return
        waited = max((time.monotonic() - member.since for member in self._members), default=0.0)
        if waited > self._start_timeout:
            wanted = " and ".join(f"{n:g} {name[4:-1].upper()}" for name, n in self._resources.items() if n)
            raise NbsError(
                f"Ray could not place a worker that needs {wanted} within {self._start_timeout:g} s; the cluster "
                f"has {_listed(ray.cluster_resources())}, of which free are {_listed(ray.available_resources())}"
            )


def _connect(address: str | None, cpus: float) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address is None:
        count = max(os.cpu_count() or 1, math.ceil(cpus))
        ray.init(address="local", num_cpus=count, include_dashboard=False, **quiet)
        return
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdigit() and "/" not in host:  # Ray itself tries for minutes, and prints
            socket.create_connection((host, int(port)), timeout=10.0).close()
        ray.init(address=address, **quiet)
    except (OSError, ValueError) as error:
        raise NbsError(f"no Ray cluster answers at {address!r}: {error}") from error


def _listed(resources: dict[str, float]) -> str:
    parts = [f"{resources.get(name, 0):g} {name}" for name in ("CPU", "GPU")]
    return " and ".join(parts)
