"""Compare: a newcomer run on a suite, and where it stands against each contender there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.cores import usable_cores
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.comparison import Comparison
from nasbench_sparse.leaderboard.newcomer import (
    Fuse,
    as_recorded,
    find_baseline,
    is_held,
    plan_newcomer,
    plan_rivals,
)
from nasbench_sparse.leaderboard.report.build import make_folder
from nasbench_sparse.leaderboard.report.headline import standing_sentences
from nasbench_sparse.leaderboard.report.pair_sentences import pair_sentences, required_sentence
from nasbench_sparse.leaderboard.report.subject import Subject, make_subject
from nasbench_sparse.leaderboard.results import Wanted, read_results
from nasbench_sparse.leaderboard.runs import labels
from nasbench_sparse.leaderboard.suites import contender_of, planned_keys
from nasbench_sparse.leaderboard.uncounted import (
    check_shown,
    failed_runs,
    failed_sentence,
    hidden_runs,
    hidden_sentence,
    left_out_sentence,
    skipped_sentence,
)
from nasbench_sparse.registry import load_optimizer, load_suite, wrap_optimizer
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.resources import Resources, conditions
from nasbench_sparse.runner.study import Study, Unwatched
from nasbench_sparse.runner.suite import Suite
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.baselines import add_baselines, added_text
from nasbench_sparse.tabular.results import TabularResults

if TYPE_CHECKING:
    from nasbench_sparse.core.optimizer import Optimizer
    from nasbench_sparse.runner.study import Watcher


def untold(sentence: str) -> None:
    """Say nothing."""


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
    tell: Callable[[str], None] = untold,
    seed: int = 0,
    processes: int = 1,
) -> Comparison:
    """Run an optimizer on a suite as its contenders are run, and compare it with them.

    Of each task's first block in the suite it takes budget, seeds, replicate, workers and executor. Runs already in
    the store are reused, and those of the suite's contenders that come with the package are added. What is missing
    is carried out, the newcomer's runs first; one that fails in each of its first runs, at least three and one on
    each task, is given up. Exactly the runs that the suite and this call plan are compared, less hidden ones, which
    are counted. Others made for the suite, such as those of another version of the newcomer's source, are left
    out and named.

    Args:
        optimizer: a class with `ask` and `tell`, or a registered name, `module:Class` or `file.py:Class`.
        directory: where to write a report; None for none.
        require_better: the contender that must be beaten, by one one-sided test at 5 % declared by naming it.
        resources: by default one slot, or a process for every usable core where all runs are simulated.
        tell: hears, when it happens, of runs added or missing.
        seed: of the bootstrap.
        processes: that draw the report; more than one needs the guard `if __name__ == "__main__"` in a script.
    Raises:
        UnknownName: no such optimizer, suite or baseline.
        UnsupportedSpace: the optimizer can serve none of the suite's tasks.
        OptimizerError: every run of the newcomer that was tried failed.
        NbsError: the suite has no tasks, no seeds, no other contender, or one of the newcomer's name from another
            source; planned runs of the newcomer or of the contender to be beaten are hidden; the directory cannot
            be written; a run cannot be started.
    """
    entry = load_optimizer(optimizer) if isinstance(optimizer, str) else wrap_optimizer(optimizer)
    declared = load_suite(suite) if isinstance(suite, str) else suite
    if not isinstance(declared, Suite):
        raise NbsError(f"{suite!r} is a {type(declared).__name__}, not a suite")
    kept = store if isinstance(store, Store) else Store(store)
    plans, skipped = plan_newcomer(declared, entry, options)
    _check_conditions(plans, resources)
    newcomer = contender_of(plans[0].spec)
    rivals = plan_rivals(declared, plans[0])
    baseline = None if require_better is None else find_baseline(rivals, require_better, newcomer, declared.name)
    if directory is not None:
        make_folder(directory)
    added = add_baselines(kept, declared)
    if added:
        tell(added_text(added, declared.name, kept.path))
    plans, rivals = _as_recorded(kept, plans), _as_recorded(kept, rivals)
    planned = [plan.spec for plan in (*plans, *rivals)]
    hidden = hidden_runs(kept, planned)
    if baseline is not None:
        check_shown(hidden, newcomer, baseline)
    _tell_missing(kept, declared.name, rivals, tell)
    study = Study(kept, resources or _own_machine([*plans, *rivals]), recorded=TabularResults())
    study.watcher = Fuse(plans, watcher or Unwatched(), study.report)
    report = study.run([*plans, *rivals])
    results = read_results(kept, Wanted(run_ids=[spec.run_id for spec in planned]))
    names = results.names
    for who in (newcomer, baseline):
        if who is not None and who not in names:
            raise NbsError(
                f"{who.optimizer} has no visible run in {kept.path}; `store unhide` shows hidden ones again"
            )
    subject = make_subject(
        kept,
        results,
        seed=seed,
        newcomer=names[newcomer],
        required=None if baseline is None else names[baseline],
        planned=planned_keys(planned),
    )
    called = labels(sorted(set(map(contender_of, planned))))
    failed = failed_runs(report.failed, planned, called)
    unseen = {called[who]: runs for who, runs in hidden.items()}
    remarks = (
        skipped_sentence(names[newcomer], skipped),
        left_out_sentence(kept, declared.name, planned),
        hidden_sentence(unseen),
        failed_sentence(failed.values()),
    )
    found = Comparison(
        newcomer=names[newcomer],
        suite=declared.name,
        pairs=subject.against.pairs,
        required=subject.required,
        subject=subject,
        failed=failed,
        hidden=unseen,
        skipped=skipped,
        baselines_added=added,
        sentences=_sentences(subject, remarks),
    )
    return found if directory is None else found.write(directory, processes=processes)


def _as_recorded(store: Store, plans: Sequence[PlannedRun]) -> list[PlannedRun]:
    recorded = store.statuses()
    return [as_recorded(plan, recorded) for plan in plans]


def _tell_missing(store: Store, suite: str, rivals: Sequence[PlannedRun], tell: Callable[[str], None]) -> None:
    """Say how many runs of a suite's contenders are to be carried out beside the newcomer's, if any are."""
    recorded = store.statuses()
    planned = {plan.spec.run_id for plan in rivals}
    missing = {plan.spec.run_id for plan in rivals if not is_held(plan, recorded)}
    if missing:
        tell(
            f"{store.path} lacks {len(missing):,} of the {len(planned):,} runs of suite {suite}'s contenders, "
            "which are therefore carried out after the newcomer's; a store that holds them saves that"
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


def _own_machine(plans: list[PlannedRun]) -> Resources:
    """Return every usable core for simulated runs, which share nothing; live ones are given slots by hand."""
    simulated = all(plan.spec.executor == "simulated" for plan in plans)
    return Resources(slots=usable_cores() if simulated else 1)


def _sentences(subject: Subject, remarks: Iterable[str | None]) -> tuple[str, ...]:
    lines = [*standing_sentences(subject), *pair_sentences(subject, most=len(subject.against.pairs))]
    lines += filter(None, remarks)
    if subject.required is not None:
        lines.append(required_sentence(subject.required))
    return tuple(lines)
