"""Errors a user can meet, each one clear sentence naming what was wrong and what is allowed."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable


class NbsError(Exception):
    """Base of every error this package raises on purpose; its text is meant for the user."""


class NbsWarning(UserWarning):
    """Something a user should know of that stops nothing; its text is meant for the user."""


class InvalidConfig(NbsError):
    """A config lies outside its space."""


class UnknownName(NbsError):
    """A task, optimizer, suite, option or field that is not registered."""


class UnsupportedSpace(NbsError):
    """An optimizer cannot serve a task; said before anything is run."""


class OptimizerError(NbsError):
    """An optimizer raised, returned garbage, or is not deterministic on resume."""


class StoreError(NbsError):
    """A store that cannot be read or written."""


class GapInRecording(StoreError):
    """What is recorded of a run lacks an event that others stand on, so the run cannot be replayed."""


class SealedQueryError(NbsError):
    """A query that a read-only, sealed connection refuses."""


class TaskError(NbsError):
    """A task's declaration contradicts itself."""


class DataError(NbsError):
    """A data set is missing or damaged."""


class TableError(NbsError):
    """A tabular benchmark cannot be found, read or asked."""


class NotInTable(TableError):
    """A config, replicate or search that the table does not hold, and that is not to be trained."""


class OutsideFidelity(TableError):
    """An epoch beyond the task's fidelity range."""


class IncompleteTable(TableError):
    """A question that only a complete table answers."""


class OtherTask(TableError):
    """A table of another task, or of another version of it."""


class DamagedTable(TableError):
    """A table's files are truncated, changed, or do not match their manifest."""


class TrialTimeout(Exception):
    """An evaluation ran past its time limit (a status, not a user's error)."""


TOO_MANY_FILES = (
    "too many files are open; allow more (`ulimit -n 4096`), or run fewer trials at once, and try again"
)


def has_too_many_files(error: BaseException) -> bool:
    """Tell whether the system refused something for the number of open files, of this process or of all."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)


def nearest(name: str, valid: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` valid names closest to `name` whatever their case, best first."""
    by_folded = {one.casefold(): one for one in valid}
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=count, cutoff=0.4)
    return [by_folded[one] for one in close]


def unknown(kind: str, name: str, valid: Iterable[str]) -> UnknownName:
    """Build the error for a name that is not registered, naming the nearest valid ones."""
    names = sorted(valid)
    close = nearest(name, names)
    if close:
        hint = f"did you mean {' or '.join(repr(n) for n in close)}?"
    elif names:
        hint = f"valid are {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
    else:
        hint = "none are registered"
    return UnknownName(f"unknown {kind} {name!r}: {hint}")
