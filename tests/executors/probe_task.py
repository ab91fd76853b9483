"""A task that does to its executor whatever the config's field `do` says, and logs each evaluation in a file."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.executor import Work
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep, Status, Trial
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

SPACE = ChromosomeSpace()  # not looked at
FIDELITY = Fidelity("epochs", 1, 8)
OBJECTIVE = Objective("val_loss", "minimize", worst=100.0)


@dataclass(frozen=True, kw_only=True)
class ProbeTask(Task):
    """Iterates w <- sin(w + x) + w / 2 from the replicate's number; the loss is w ** 2, a step takes 1 + x seconds.

    Args:
        folder: where the log and the markers are.
        bulk: bytes that pad each checkpoint.
    """

    folder: str
    bulk: int = 0
    name: str = "probe"
    family: str = "probe"
    dataset: str = "none"
    space: SearchSpace = SPACE
    fidelity: Fidelity = FIDELITY
    objective: Objective = OBJECTIVE

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        start: dict[str, Any] = {"step": 0, "w": float(trial.replicate), "points": []}
        state = orjson.loads(checkpoint) if checkpoint else start
        self._log(f"{trial.number} {os.getpid()} {state['step']}->{trial.fidelity}")
        what = trial.config.get("do", "train")
        if what == "garbage":
            return 42  # type: ignore[return-value]
        self._misbehave(str(what), trial)
        x, w, points = float(trial.config["x"]), state["w"], state["points"]
        for step in range(state["step"] + 1, trial.fidelity + 1):
            w = math.sin(w + x) + w / 2
            points.append([step, w * w])
        if what == "nan":
            points[-1][1] = math.nan
        curve = tuple(self._point(step, loss, step * (1.0 + x)) for step, loss in points)
        left = {"step": trial.fidelity, "w": w, "points": points, "bulk": "." * self.bulk}
        return Evaluation(Status.OK, (curve,)), orjson.dumps(left)

    def advance(
        self, step: SearchStep, replicate: int, checkpoint: bytes | None = None
    ) -> tuple[Evaluation, bytes | None]:
        trace = orjson.loads(checkpoint) if checkpoint else []
        self._log(f"step {step.step} after {trace}")
        trace = [*trace, *range(len(trace), step.step + 1)]
        return Evaluation(Status.OK, seconds=2.0, config={"gene": str(trace)}), orjson.dumps(trace)

    def log(self) -> list[str]:
        """Return the lines logged so far."""
        path = Path(self.folder, "log")
        return path.read_text().splitlines() if path.exists() else []

    def _log(self, line: str) -> None:
        with Path(self.folder, "log").open("a") as file:
            file.write(f"{line}\n")

    def _misbehave(self, what: str, trial: Trial) -> None:
        match what:
            case "raise":
                raise ValueError("probed\nin two lines")
            case "memory":
                raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 byte")
            case "interrupt":
                raise KeyboardInterrupt
            case "exit":
                raise SystemExit(3)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "kill once" if not Path(self.folder, "killed").exists():
                Path(self.folder, "killed").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(60.0)
            case "nap":
                time.sleep(0.05)
            case "meet":  # until two trials are here at once
                Path(self.folder, f"met-{trial.number}").touch()
                wait_until(lambda: len(list(Path(self.folder).glob("met-*"))) >= 2)

    @staticmethod
    def _point(step: int, loss: float, seconds: float) -> CurvePoint:
        return CurvePoint(step, loss, loss, 0.0, None, None, 1.0, seconds)


@dataclass(frozen=True, kw_only=True)
class TorchTask(ProbeTask):
    """Trains a small network with torch, in whatever threads it finds; logs how many those are."""

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        import torch

        self._log(f"threads {torch.get_num_threads()} {os.environ.get('OMP_NUM_THREADS')}")
        torch.manual_seed(trial.replicate)
        inputs, targets = torch.randn(64, 32), torch.randint(0, 4, (64,))
        model = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))
        optimizer = torch.optim.SGD(model.parameters(), lr=float(trial.config["x"]))
        points = []
        for step in range(1, trial.fidelity + 1):
            loss = torch.nn.functional.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            points.append(self._point(step, loss.item(), float(step)))
        return Evaluation(Status.OK, (tuple(points),)), None


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Poll until a condition holds; a generous end keeps a broken test from hanging."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the awaited condition did not come true")
        time.sleep(0.01)


def work_on(
    number: int, *, fidelity: int = 8, resumes_at: int = 0, replicate: int = 0, **config: str | float
) -> Work:
    """Return work on a config; a field x is added where none is given."""
    full: Config = {"x": 0.25, **config}
    parent = number - 1 if resumes_at else None
    trial = Trial(number, full, config_key(full), fidelity, replicate, parent, resumes_at)
    return Work("run", trial)


def search_on(step: int) -> Work:
    """Return work on a search step."""
    trial = Trial(step, {}, "", 1, 0, search=SearchStep("probe:step", step, seed=0, options=(("width", 2),)))
    return Work("run", trial)
