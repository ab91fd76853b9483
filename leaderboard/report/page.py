"""The page: blocks rendered by Jinja2 with autoescaping; style, script and figures are inside."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files

from nasbench_sparse.leaderboard.report.blocks import Queries, Section
from nasbench_sparse.leaderboard.statistics.check import counted


def render(
    what: str, store: str, lead: str, points: Sequence[str], sections: Sequence[Section], queries: Queries
) -> str:
    """Return the HTML of a report; texts from the store are escaped, and a policy lets no other script run.

    Each query stands on the page once, and is shown wherever a block names it.

    Args:
        what: the report is about; store: file name of the store.
        lead, points: the headline.
        queries: those behind the headline.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    script = _template("report.js")
    names = {
        sql: name for name, sql in (*queries, *(q for s in sections for block in s.blocks for q in block.queries))
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["markup"] = Markup
    return environment.from_string(_template("report.html")).render(
        what=what,
        store=store,
        lead=lead,
        points=points,
        sections=sections,
        queries=queries,
        counted=counted,
        names=names,
        numbers={sql: number for number, sql in enumerate(names, 1)},
        style=Markup(_template("report.css")),
        script=Markup(script),
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
    )


def _template(name: str) -> str:
    return (files("nasbench_sparse.leaderboard.report") / "templates" / name).read_text(encoding="utf-8")
