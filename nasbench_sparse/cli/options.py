"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

STORE = Path("results.duckdb")
"""The store of a command that names none."""

StorePath = Annotated[Path, typer.Option("--store", "-s", help="The store, a DuckDB file.")]
