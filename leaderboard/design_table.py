"""A design's findings as rows: for people as a table, for programs as numbers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from nasbench_sparse.leaderboard.designs import Finding, Findings
from nasbench_sparse.leaderboard.table import HOLE, Table

Verdict = Literal["less", "greater", "no difference shown", "too few to test", "nothing to compare"]


def verdict(finding: Finding) -> Verdict:
    """Say what may be said of the first level's values, against the second's."""
    if finding.test is None:
        return "nothing to compare"
    if finding.adjusted is None:
        return "too few to test"
    if not finding.rejected:
        return "no difference shown"
    return "less" if finding.test.effect < 0 else "greater"


def records(findings: Findings) -> list[dict[str, Any]]:
    """Return one record for each test, numbers in full precision, None for what there is not."""
    return [_record(finding) for finding in findings.findings]


def _record(finding: Finding) -> dict[str, Any]:
    columns, test = finding.columns, finding.test
    whole = ~np.isnan(columns.first + columns.second)
    means = [float(column[whole].mean()) if whole.any() else None for column in (columns.first, columns.second)]
    return {
        **finding.where,
        "first": columns.levels[0],
        "second": columns.levels[1],
        "pairs": int(whole.sum()),
        "holes": columns.holes,
        "first_mean": means[0],
        "second_mean": means[1],
        "difference": None if test is None else test.difference,
        "effect": None if test is None else test.effect,
        "p_value": None if test is None else test.p_value,
        "p_adjusted": finding.adjusted,
        "verdict": verdict(finding),
    }


def findings_table(findings: Findings) -> Table:
    """Return the findings in the order in which the design declares them."""
    rows = tuple(tuple(_cell(value) for value in record.values()) for record in records(findings))
    columns = tuple(records(findings)[0]) if rows else ()
    left = frozenset({*findings.design.by, "first", "second", "verdict"})
    return Table(f"{findings.design.name}: {findings.design.metric}", columns, rows, left)


def notes(findings: Findings) -> list[str]:
    """Return what must be read with the table."""
    design = findings.design
    expected = (
        "two-sided"
        if design.alternative == "two-sided"
        else f"one-sided, the first expected to be {design.alternative}"
    )
    moment = design.at if isinstance(design.at, str) else f"after {design.at} {design.task.fidelity.unit}"
    said = [
        f"{design.metric} ({moment}) by {design.factor!r}; a pair shares every other factor and the replicate",
        f"exact signed-rank tests, {expected}",
    ]
    if findings.correction is not None:
        said.append(findings.correction.sentence)
    holes = sum(finding.columns.holes for finding in findings.findings)
    if holes:
        total = sum(len(finding.columns.units) for finding in findings.findings)
        said.append(
            f"{holes} of {total} pairs lack a value and are left out: `design run {design.name}` trains them"
        )
    return said


def _cell(value: Any) -> str:
    if value is None:
        return HOLE
    return f"{value:.4g}" if isinstance(value, float) else str(value)
