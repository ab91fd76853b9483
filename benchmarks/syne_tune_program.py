"""Syne Tune's side: answers requests, one JSON line each; run in the environment of `syne_tune_peer`."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository import UserBlackboxBackend
from syne_tune.blackbox_repository.blackbox_tabular import BlackboxTabular, deserialize, serialize
from syne_tune.config_space import choice, randint
from syne_tune.optimizer.baselines import ASHA, RandomSearch

NEVER = 1e9
"""Seconds between intermediate reports: results are written once, at the end."""


class Program:
    """The blackbox that was loaded last, and what can be asked of it."""

    def __init__(self) -> None:
        self.blackbox: Any = None

    def write(self, arrays: str, folder: str) -> dict[str, float]:
        """Keep a table that came as arrays in Syne Tune's own format, which rounds it to 32 bits."""
        with np.load(arrays) as file:
            names, genes, values, columns = (file[name] for name in ("names", "genes", "values", "columns"))
        space = {str(name): choice(sorted(set(genes[:, i].tolist()))) for i, name in enumerate(names)}
        configs = pd.DataFrame(genes.astype(object), columns=names.tolist())
        blackbox = BlackboxTabular(configs, space, {"epoch": randint(1, values.shape[1])}, values[:, None])
        blackbox.objectives_names = columns.tolist()
        serialize({"table": blackbox}, folder)
        return {}

    def load(self, folder: str) -> dict[str, float]:
        """Read a table; return seconds, and the memory it takes in MiB."""
        before, start = _resident(), time.perf_counter()
        self.blackbox = deserialize(folder)["table"]
        return {"seconds": time.perf_counter() - start, "resident": _resident() - before}

    def lookup(self, lookups: int) -> dict[str, float]:
        """Return the seconds of looking up configs at one epoch."""
        rows = self.blackbox.hyperparameters.iloc[:: max(1, len(self.blackbox.hyperparameters) // lookups)]
        configs = rows.head(lookups).to_dict("records")
        start = time.process_time()
        for config in configs:
            self.blackbox(config, {"epoch": 3}, 0)
        return {"seconds": (time.process_time() - start) / len(configs)}

    def simulate(self, optimizer: str, trials: int, seed: int) -> dict[str, float]:
        """Return the seconds of a run with four workers, on the wall and of the processor."""
        np.random.seed(seed)  # noqa: NPY002 - Syne Tune draws from the global generator
        space, blackbox = self.blackbox.configuration_space, self.blackbox
        scheduler = (
            RandomSearch(space, ["val_loss"], random_seed=seed)
            if optimizer == "random"
            else ASHA(space, "val_loss", time_attr="epoch", max_t=len(blackbox.fidelity_values), random_seed=seed)
        )
        tuner = Tuner(
            UserBlackboxBackend(blackbox, "seconds", seed=0),
            scheduler,
            StoppingCriterion(max_num_trials_finished=trials),
            n_workers=4,
            sleep_time=0,
            callbacks=[SimulatorCallback()],
            results_update_interval=NEVER,
            print_update_interval=NEVER,
            save_tuner=False,
        )
        wall, cpu = time.perf_counter(), time.process_time()
        tuner.run()
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Answer until the input ends; what Syne Tune prints goes nowhere."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    logging.disable(logging.CRITICAL)
    program = Program()
    for line in sys.stdin:
        request: Mapping[str, Any] = json.loads(line)
        answer = getattr(program, request["do"])(**request["with"])
        print(json.dumps(answer), file=replies, flush=True)


if __name__ == "__main__":
    main()
