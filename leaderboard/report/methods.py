"""Section: how everything was computed, in words that can go into a paper."""

from __future__ import annotations

from nasbench_sparse.leaderboard.report.blocks import Remark, Section
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.check import counted


def methods_section(subject: Subject) -> Section:
    """Return the methods, with the unit of analysis and n."""
    evidence = subject.evidence
    n_runs, n_tasks = len(subject.results.runs), len(evidence.tasks)
    families = len(set(evidence.families.values()))
    unit = (
        f"The unit of analysis is the task (n = {n_tasks}, in {families} "
        f"famil{'y' if families == 1 else 'ies'}): losses are averaged over seeds and replicates first, "
        "and tasks of one family, which share network and data, are one independent block."
        if evidence.unit == "tasks"
        else f"The unit of analysis is the run (n = {n_runs}), paired by seed and replicate within the task; "
        "nothing is inferred about other tasks."
    )
    counts = (
        f"{counted(n_runs, 'run')} of {counted(len(evidence.names), 'contender')} on {counted(n_tasks, 'task')}"
    )
    sentences = (
        f"{counts}. {unit}",
        "Loss: of a run's incumbent, the lowest loss at the task's maximal fidelity among the trials that count at "
        "the budget compared; a run that ended well without one has the objective's worst loss. A run that failed "
        "or spent less than the budget has no loss, and a task with such a hole is left out of any comparison it "
        "concerns, never averaged over. Where the store holds the task's table, an incumbent's loss is the mean of "
        "its config over the table's replicates, and regret is measured to the lowest such mean: exact where the "
        "table is the whole space, else the best recorded. Elsewhere it is measured to the lowest loss that any "
        "run found.",
        "Ranked together is the largest block of contenders times tasks without a hole, found by dropping the "
        "contender with the fewest complete tasks, one after another; the others are compared pair by pair on what "
        "both completed. A task has normalised scores where random search's mean loss is above the loss that "
        "regret is measured to, and where that is a table's optimum, by more than two standard errors of the mean; "
        "otherwise it has no spread to normalise by and is left out.",
        "Tests: Wilcoxon's signed-rank test, two-sided, exact by permutation of signs (of families where blocked), "
        "zeros by Pratt's rule, ties by midranks; Holm's correction over each family of tests at 5 %. Where n "
        "could not reach the corrected level the p-value is replaced by “too few”, and effects and intervals stand "
        "alone.",
        "Effects: matched-pairs rank biserial correlation with a BCa bootstrap interval, and the probability of "
        "improvement with a stratified bootstrap interval, which speaks of other seeds on these tasks. The n for "
        "80 % power follows Noether (1987), at the first step of Holm's correction.",
        "All contenders together: Friedman's test; a critical difference diagram is drawn only where it rejects, "
        "by pairwise Wilcoxon tests with Holm's correction, or where n is too few for Holm over all pairs, by "
        "Nemenyi's test, which takes n tasks in families for n² over the sum of the families' squared sizes.",
        f"Bootstrap draws come from generators seeded by {subject.seed}: the same store and seed give the same "
        "page to the byte. Intervals are 95 %.",
        "Every query shown can be given to “nasbench-sparse query” or to “Store.sql” as it is.",
    )
    return Section("methods", "Methods", "", (Remark(sentences=sentences),))
