"""Comma-separated values that spreadsheets read as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_OPENERS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula."""


def csv_text(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a header and rows: numbers in full precision, nothing for None, and no text that opens a formula.

    Text that begins like a formula (a name, say) gets an apostrophe before it.

    References:
        OWASP, "CSV injection".
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_inert(value) for value in row] for row in rows)
    return out.getvalue()


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_OPENERS) else value
