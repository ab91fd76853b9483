"""The headline claims of papers, as a table and as a page of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.papers.evidence import Evidence, evidence
from nasbench_sparse.leaderboard.papers.remembered import Remembered
from nasbench_sparse.leaderboard.papers.rendered import Rendered, markdown
from nasbench_sparse.leaderboard.table import Table
from nasbench_sparse.tasks.papers import claims, load_artefact

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

COLUMNS = ("paper", "claim", "claimed", "measured", "scale", "n", "effect", "test", "holds", "command")
MISSING = "not run yet"

INTRODUCTION = """\
# Papers

Every table and figure of a paper is an *artefact*: trainings at three scales, and a table or figure made of the
store, with the published number beside the measured one.

| scale | what it is |
| --- | --- |
| `paper` | what was published, for GPUs and the full data |
| `check` | the paper's question at a size that two cores answer, on data that need no download |
| `smoke` | code and layout, in at most a minute |

```sh
nasbench-sparse paper list ap
nasbench-sparse paper run ap-table-1 --scale smoke --store papers.duckdb --workers 2
nasbench-sparse paper show ap-table-1 --scale smoke --store papers.duckdb -o tables
nasbench-sparse paper claims --store papers.duckdb -o claims.md
```

`paper run` is resumed by the same command and trains nothing twice, also across artefacts that share trainings.

## Headline claims

The largest scale that was run is shown. Tests are exact, one-sided signed-rank tests at 5 %, each for itself; a
claim of several parts holds if all of them do. Effects are the mean of the first named less the second, with its
95 % interval (Student's below ten pairs, else the bootstrap's), and the matched-pairs rank biserial correlation r.
A training that diverged counts as a
network that guesses. Small networks on small data say something of the question, not of the numbers that were
published: below scale `paper`, "measured" names the networks and data that were trained in the place of the
published ones. Differences of exactly 0 are ranked with the others and their ranks then left out (Pratt). This page
is what `paper claims --store papers.duckdb -o docs/papers.md` writes.

The last column trains what a row needs and shows its table. Write `nasbench-sparse` before it and name the store
after it: `nasbench-sparse paper run ap-table-1 --scale check --store papers.duckdb`.

"""

LOOKED_INTO = """
## Where a claim fails

What was looked into at scale `check`, before the failure was reported:
"""


def claims_table(store: Store | None) -> Table:
    """Return one row for each claim; what was not trained says so."""
    held = None if store is None else Remembered(store)
    rows = []
    for claim in claims().values():
        artefact = load_artefact(claim.artefact)
        scale, found = (None, Evidence()) if held is None else evidence(claim, artefact, held)
        command = f"paper run {artefact.name} --scale {scale or 'check'}"
        measured = (found.measured, str(scale), str(found.n), found.effect, found.test, verdict(found))
        rows.append(
            (claim.paper, claim.says, claim.claimed, *(measured if scale else (MISSING, *[""] * 5)), command)
        )
    return Table("Headline claims", COLUMNS, tuple(rows), frozenset(COLUMNS) - {"n"})


def verdict(found: Evidence) -> str:
    """Say whether a claim holds."""
    return "too few to test" if found.holds is None else "yes" if found.holds else "no"


def claims_page(table: Table) -> str:
    """Return the page of the documentation."""
    rows = markdown(Rendered(table, [], ())).partition("\n\n")[2].rstrip()
    looked_into = [f"- **{claim.says}** {claim.looked_into}" for claim in claims().values() if claim.looked_into]
    return "\n".join([INTRODUCTION + rows, LOOKED_INTO, *looked_into]) + "\n"
