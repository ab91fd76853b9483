"""The commands of `chain`: list, run and show chains."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbench_sparse.cli.arguments import parse_seeds
from nasbench_sparse.cli.chain_stages import asked_chain
from nasbench_sparse.cli.chain_table import methods_table, notes, record, searches_table
from nasbench_sparse.cli.console import console, fit, say, show_table
from nasbench_sparse.cli.progress import Progress
from nasbench_sparse.cli.results import open_store
from nasbench_sparse.cli.study import INTERRUPTED, progress_watcher, retry_command
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.chains import read_chain
from nasbench_sparse.leaderboard.table import Table
from nasbench_sparse.registry import all_chains
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_run import run_chain, unwatched
from nasbench_sparse.runner.chain_walk import Placement
from nasbench_sparse.runner.loop import Resume
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.results import TabularResults


def print_chains(*, as_json: bool) -> None:
    """Print what is registered."""
    chains = [_described(chain) for chain in all_chains().values()]
    if as_json:
        print(json.dumps(chains, indent=1))
        return
    if not chains:
        print("no chains are registered")
        return
    columns = ("chain", "first task", "stages", "seeds", "confirmed on", "what it is")
    rows = tuple(
        (
            chain["name"],
            chain["task"],
            ", ".join(f"{stage['name']} ({stage['optimizer']})" for stage in chain["stages"]),
            str(len(chain["seeds"])),
            f"{len(chain['replicates'])} replicates",
            chain["description"],
        )
        for chain in chains
    )
    show_table(Table("", columns, rows, frozenset({"chain", "first task", "stages", "what it is"})), console())


def run(
    name: str,
    path: Path,
    seeds: str | None,
    stages: Sequence[str],
    placement: Placement,
    resources: Resources,
    resume: Resume,
    *,
    quiet: bool,
) -> int:
    """Carry out what a store lacks of a chain, show its results, and return the exit status.

    Args:
        stages: other optimizers for stages; see `asked_chain`.
    Raises:
        NbsError: it cannot be started.
    """
    chain = asked_chain(name, stages)
    if placement.executor == "serial" and resources.slots > 1:
        raise NbsError(f"--slots {resources.slots} needs --executor processes, ray or simulated")
    shown = _Steps()
    try:
        report = run_chain(
            chain,
            Store(path),
            seeds=None if seeds is None else parse_seeds(seeds),
            placement=placement,
            resources=resources,
            resume=resume,
            recorded=TabularResults(None) if placement.executor == "simulated" else None,
            watch=unwatched if quiet else shown.begin,
        )
    except KeyboardInterrupt:
        say(f"interrupted; what was recorded is kept, and the same command goes on: {retry_command()}")
        return INTERRUPTED
    finally:
        shown.close()
    if not quiet:
        show(name, path, seeds, stages, as_json=False)
    for run_id, error in report.failed.items():
        say(f"error: run {run_id} failed: {error}")
    return 1 if report.failed else 0


def show(name: str, path: Path, seeds: str | None, stages: Sequence[str] = (), *, as_json: bool) -> None:
    """Print a chain's searches, its confirmed methods and their tests."""
    chain = asked_chain(name, stages)
    result = read_chain(open_store(path), chain, None if seeds is None else parse_seeds(seeds))
    if as_json:
        print(json.dumps(record(result), indent=1, allow_nan=False))
        return
    out = console()
    show_table(fit(searches_table(result), out), out)
    if result.methods:
        show_table(fit(methods_table(result), out), out, strong=(0,))
    for note in notes(result):
        out.print(f"- {note}", markup=False, soft_wrap=True)


class _Steps:
    """Shows the steps of a chain, each with a progress of its own."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def begin(self, title: str) -> Progress:
        """Show that a step begins, after the last one."""
        self.close()
        say(title)
        self._progress = progress_watcher()
        return self._progress

    def close(self) -> None:
        """Leave the screen in order."""
        if self._progress is not None:
            self._progress.close()


def _described(chain: Chain) -> dict[str, Any]:
    return {
        "name": chain.name,
        "task": chain.task.name,
        "stages": [
            {
                "name": stage.name,
                "optimizer": stage.optimizer.optimizer,
                "options": dict(stage.optimizer.options),
                "budget": {stage.budget.unit: stage.budget.amount},
            }
            for stage in chain.stages
        ],
        "seeds": list(chain.seeds),
        "replicates": [] if chain.confirm is None else list(chain.confirm.replicates),
        "baselines": [baseline.name for baseline in chain.baselines],
        "description": chain.description,
    }
