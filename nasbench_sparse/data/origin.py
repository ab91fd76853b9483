"""Where a data set comes from; nothing is fetched or looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a data set that is not installed comes from.

    Args:
        licence: whose terms hold.
        size: the download, in words.
        files: paths under the data directory that must all be there before the data set can be read.
        download: fetches, verifies and unpacks everything under the data directory; what is there is kept.
    """

    licence: str
    size: str
    files: tuple[str, ...]
    download: Callable[[Path], None]
