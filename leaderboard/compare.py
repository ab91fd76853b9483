"""Compare: a newcomer run on a suite, and where it stands against each contender there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nasbench_sparse.errors import NbsError, UnsupportedSpace, unknown
from nasbench_sparse.leaderboard.head_to_head import HeadToHead, compare_pairs
from nasbench_sparse.leaderboard.report.build import Report, write_subject
from nasbench_sparse.leaderboard.report.headline import against_baseline, leader, pair_sentences, required_sentence
from nasbench_sparse.leaderboard.report.subject import Subject, make_subject
from nasbench_sparse.leaderboard.results import Wanted, read_results
from nasbench_sparse.leaderboard.runs import Contender
from nasbench_sparse.registry import OptimizerEntry, load_optimizer, load_suite, load_task, wrap_optimizer
from nasbench_sparse.runner.plan import PlannedRun, plan_run, plan_suite
from nasbench_sparse.runner.resources import Resources, conditions
from nasbench_sparse.runner.study import Study
from nasbench_sparse.runner.suite import Suite
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.baselines import add_baselines
from nasbench_sparse.tabular.results import TabularResults

if TYPE_CHECKING:
    from nasbench_sparse.core.optimizer import Optimizer
    from nasbench_sparse.runner.study import Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Where a newcomer stands; printed, it says so in words.

    Args:
        pairs: the newcomer (first of each) against every other contender, corrected together by Holm.
        required: the one-sided test against the baseline that must be beaten, alone in its family; None without.
        failed: errors of the newcomer's runs, by run id.
        skipped: tasks the newcomer cannot serve, with the reason.
        baselines_added: shipped runs of the suite's contenders that the store lacked, and now has.
        report: the page, where a directory was given.
    """

    newcomer: str
    suite: str
    pairs: tuple[HeadToHead, ...]
    required: HeadToHead | None
    failed: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    baselines_added: int = 0
    report: Report | None = None
    sentences: tuple[str, ...] = ()

    @property
    def better(self) -> bool | None:
        """Whether the required baseline is beaten at 5 %; None where none is required."""
        return None if self.required is None else self.required.verdict == "better"

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def compare(
    optimizer: type[Optimizer] | str,
    *,
    suite: Suite | str,
    store: str | Path | Store = "results.duckdb",
    directory: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    require_better: str | None = None,
    resources: Resources | None = None,
    watcher: Watcher | None = None,
    seed: int = 0,
    processes: int = 1,
) -> Comparison:
    """Run an optimizer on a suite as its contenders were run, and compare it with those the store holds.

    Of each task's first block in the suite it takes budget, seeds, replicate, workers and executor. Runs already in
    the store are reused. The contenders' own runs are not made here: `run SUITE` or `nbs.run_suite`
    makes them, and those that come with the package are added.

    Args:
        optimizer: a class with `ask` and `tell`, or a registered name, `module:Class` or `file.py:Class`.
        directory: where to write a report; None for none.
        require_better: the contender that must be beaten, by one one-sided test at 5 % declared by naming it.
        resources: by default one slot, or a process for every processor where all runs are simulated.
        seed: of the bootstrap.
        processes: that draw the report, see `build_report`.
    Raises:
        UnknownName: no such optimizer, suite or baseline.
        UnsupportedSpace: the optimizer can serve none of the suite's tasks.
        NbsError: the store holds no run of the suite's contenders, or a run cannot be started.
    """
    entry = load_optimizer(optimizer) if isinstance(optimizer, str) else wrap_optimizer(optimizer)
    declared = load_suite(suite) if isinstance(suite, str) else suite
    if not isinstance(declared, Suite):
        raise NbsError(f"{suite!r} is a {type(declared).__name__}, not a suite")
    kept = store if isinstance(store, Store) else Store(store)
    plans, skipped = plan_newcomer(declared, entry, options)
    _check_conditions(plans, resources)
    own = plans[0].spec
    newcomer = Contender(
        own.optimizer, orjson.dumps(dict(own.options), option=orjson.OPT_SORT_KEYS).decode(), own.workers
    )
    added = add_baselines(kept, declared)
    rivals = [plan.spec.run_id for plan in plan_suite(declared)]
    made_by = f"run_suite(suite, store={str(kept.path)!r})"
    remedy = f"`nasbench-sparse run {suite} --store {kept.path}`" if isinstance(suite, str) else f"`nbs.{made_by}`"
    _check_rivals(kept, declared.name, remedy, rivals, newcomer, require_better)
    report = Study(kept, resources or _own_machine(plans), watcher=watcher, recorded=TabularResults()).run(plans)
    wanted = Wanted(run_ids=[*rivals, *(plan.spec.run_id for plan in plans)], study=declared.name)
    results = read_results(kept, wanted)
    if newcomer not in results.names:
        raise NbsError(f"{entry.name} has no visible run in {kept.path}; `store unhide` shows hidden ones again")
    subject = make_subject(kept, results, seed=seed, newcomer=results.names[newcomer])
    title = f"{results.names[newcomer]} on {declared.name}"
    required = None if require_better is None else _required(subject, require_better)
    pairs = against_baseline(subject).pairs
    return Comparison(
        newcomer=results.names[newcomer],
        suite=declared.name,
        pairs=pairs,
        required=required,
        failed=dict(report.failed),
        skipped=skipped,
        report=None if directory is None else write_subject(subject, directory, title, processes=processes),
        baselines_added=added,
        sentences=_sentences(subject, pairs, required, skipped),
    )


def _check_conditions(plans: Sequence[PlannedRun], resources: Resources | None) -> None:
    """Refuse conditions of simulated runs that the rivals did not meet.

    Raises:
        NbsError: naming them.
    """
    others = conditions(resources)
    if others and any(plan.spec.executor == "simulated" for plan in plans):
        raise NbsError(
            f"a newcomer meets the conditions of the suite's recorded runs, so not {', '.join(others)}; leave that "
            "out, or run all contenders under it with nbs.run_suite"
        )


def plan_newcomer(
    suite: Suite, entry: OptimizerEntry, options: Mapping[str, Any] | None = None
) -> tuple[list[PlannedRun], dict[str, str]]:
    """Plan an optimizer's runs on a suite, and name the tasks it cannot serve with the reasons.

    Raises:
        UnsupportedSpace: it can serve none.
    """
    first_block = {task: block for block in reversed(suite.blocks) for task in block.tasks}
    plans: list[PlannedRun] = []
    skipped: dict[str, str] = {}
    for task in suite.tasks:
        block = first_block[task]
        try:
            plans += [
                plan_run(
                    load_task(task),
                    entry,
                    block.budget,
                    seed=seed,
                    options=options,
                    replicate=block.replicate,
                    workers=block.workers,
                    executor=block.executor,
                    study=suite.name,
                )
                for seed in block.seeds
            ]
        except UnsupportedSpace as error:
            skipped[task] = str(error)
    if not plans:
        raise UnsupportedSpace(
            f"{entry.name!r} can serve no task of suite {suite.name!r}: {'; '.join(skipped.values())}"
        )
    plans.sort(key=lambda plan: plan.spec.seed)  # stable: a stopped comparison has even seeds
    return plans, skipped


def _own_machine(plans: list[PlannedRun]) -> Resources:
    """Return every processor for simulated runs, which share nothing; live ones are given slots by hand."""
    simulated = all(plan.spec.executor == "simulated" for plan in plans)
    return Resources(slots=os.cpu_count() or 1 if simulated else 1)


def _check_rivals(
    store: Store, suite: str, remedy: str, planned: list[str], newcomer: Contender, required: str | None
) -> None:
    """Refuse, before anything is run, a store without the suite's contenders or without the baseline required."""
    found = read_results(store, Wanted(run_ids=planned, study=suite))
    rivals = [name for contender, name in found.names.items() if contender != newcomer]
    if not rivals:
        raise NbsError(
            f"{store.path} holds no run of a contender of suite {suite!r} to compare with; {remedy} makes them"
        )
    if required is not None and required == newcomer.optimizer and required not in rivals:
        raise NbsError(f"{required!r} is the newcomer itself; --require-better takes one of {', '.join(rivals)}")
    if required is not None and required not in rivals:
        raise unknown(f"baseline among the runs of suite {suite!r} in {store.path}", required, rivals)


def _required(subject: Subject, baseline: str) -> HeadToHead:
    if baseline not in subject.evidence.names:  # the newcomer's options gave it a longer name
        baseline = next(n for n in subject.evidence.names if n.split()[0] == baseline and n != subject.newcomer)
    pair = (str(subject.newcomer), baseline)
    return compare_pairs(subject.evidence, [pair], seed=subject.seed, alternative="less").pairs[0]


def _sentences(
    subject: Subject, pairs: tuple[HeadToHead, ...], required: HeadToHead | None, skipped: Mapping[str, str]
) -> tuple[str, ...]:
    lines = [leader(subject), *pair_sentences(pairs)]
    if skipped:
        lines.append(f"{subject.newcomer} cannot serve {', '.join(skipped)}.")
    if required is not None:
        lines.append(required_sentence(required))
    return tuple(lines)
