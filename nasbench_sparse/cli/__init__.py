"""Command line: `nasbench-sparse`. What a command needs is imported when it runs, so that help is instant."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from nasbench_sparse.errors import TOO_MANY_FILES, NbsError, NbsWarning, has_too_many_files

PROGRAM = "nasbench-sparse"


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line and return its exit status.

    0 means success, 1 an error that was reported in one sentence, 2 a command line that cannot be understood,
    130 an interrupt. `--debug` anywhere shows the traceback of an error.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    with warnings.catch_warnings():
        warnings.showwarning = _warner(warnings.showwarning)
        return _main(given, debug)


def _main(given: Sequence[str], debug: bool) -> int:
    try:
        status = _call([argument for argument in given if argument != "--debug"])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the flush at exit stays quiet too
        return 1
    except Exception as error:
        if _is_interrupt(error):
            return _interrupted()
        if debug:
            raise
        print(_sentence(error), file=sys.stderr)
        return 1
    return status


def _is_interrupt(error: Exception) -> bool:
    """Tell whether DuckDB, at work when Ctrl-C came, made this error of it."""
    return isinstance(error, RuntimeError) and str(error) == "Query interrupted"


def _interrupted() -> int:
    from nasbench_sparse.cli.study import INTERRUPTED, say_interrupted

    say_interrupted()
    return INTERRUPTED


def _call(arguments: list[str]) -> int:
    from nasbench_sparse.cli.app import app

    try:
        app(args=arguments, prog_name=PROGRAM)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def _warner(usual: Callable[..., None]) -> Callable[..., None]:
    """Return what shows our own warnings in one line, as errors are, and others as usual."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if issubclass(category, NbsWarning):
            print(f"warning: {message}", file=sys.stderr)
        else:
            usual(message, category, *where)

    return show


def _sentence(error: Exception) -> str:
    if isinstance(error, NbsError):
        return f"error: {error}"
    if has_too_many_files(error):
        return f"error: {TOO_MANY_FILES}"
    first = (str(error).splitlines() or [""])[0]
    return f"error: unexpected {type(error).__name__}: {first} (please report this; --debug shows the traceback)"
