"""Sections made by two processes together: another from the first on, this one from the last, until they meet."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from nasbench_sparse.leaderboard.report.blocks import Section
from nasbench_sparse.leaderboard.report.subject import Subject

T = TypeVar("T")
Maker = Callable[[Subject], Section]


def make_together(makers: Sequence[Maker], subject: Subject) -> list[Section]:
    """Return what the makers return, in their order; what the other process leaves undone is made here.

    The other process is a fresh one: a program that calls this needs the guard `if __name__ == "__main__"`.
    """
    left, made = deque(enumerate(makers)), dict[int, Section]()
    with (
        ProcessPoolExecutor(1, get_context("spawn"), initializer=_leave_interrupts) as process,
        ThreadPoolExecutor(1) as thread,
    ):

        def make_there() -> None:
            for place, make in _taken(left.popleft):
                try:
                    made[place] = process.submit(make, subject).result()
                except BrokenExecutor:  # it was killed, as for lack of memory
                    return

        there = thread.submit(make_there)
        try:
            for place, make in _taken(left.pop):
                made[place] = make(subject)
        finally:
            left.clear()  # where a section failed here, none is begun there
        there.result()
    return [made[place] if place in made else make(subject) for place, make in enumerate(makers)]


def _taken(take: Callable[[], T]) -> Iterator[T]:
    """Yield what is taken until there is nothing left."""
    while True:
        try:
            taken = take()
        except IndexError:
            return
        yield taken


def _leave_interrupts() -> None:
    """Leave Ctrl-C, which reaches both processes, to the one that was called."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
