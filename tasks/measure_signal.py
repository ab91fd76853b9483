"""Measures the signal of tasks: `python -m nasbench_sparse.tasks.measure_signal NAME...`; all without names."""

from __future__ import annotations

import sys

from nasbench_sparse.registry import all_tasks, load_task
from nasbench_sparse.tasks.signal import measure


def main(names: list[str]) -> None:
    """Print each task's declaration of its signal, with the seconds of an evaluation."""
    for name in names or all_tasks():
        signal, seconds = measure(load_task(name))
        print(f"{name}: {signal}  # {seconds:.2f} s an evaluation", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
