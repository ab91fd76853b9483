"""The package as a whole: light import, names that do not collide with modules, equal bytes in another process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard import statistics

STUDY = """
import numpy as np
from nasbench_sparse.leaderboard import statistics as s
rng = np.random.default_rng(3)
a, b, c, d = (rng.normal(size=(4, 40)) for _ in range(4))
names = {"a": a, "b": b, "c": c, "d": d}
families = [str(i // 2) for i in range(40)]
print(s.critical_difference(names, unit="tasks", rng=rng, level=0.9))
print(s.friedman(names, unit="tasks", rng=rng, families=families), s.iqm(a, rng))
print(s.signed_rank(a, b, unit="tasks", rng=rng, families=families))
print(s.performance_profile(a, [0.0, 1.0], rng).low.tobytes().hex())
print(s.expected_best(a[0], rng).high.tobytes().hex(), s.probability_of_improvement(a, b, rng).interval)
"""


def study(hash_seed: str) -> str:
    environment = {"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", STUDY], capture_output=True, text=True, check=True, env=environment)
    return run.stdout


def test_results_are_the_same_to_the_byte_in_other_processes() -> None:
    assert study("1") == study("2")


def test_import_loads_neither_scipy_nor_heavy_libraries() -> None:
    code = (
        "import sys, nasbench_sparse.leaderboard.statistics as s; s.signed_rank; s.kendall_tau; "
        "print([m for m in ('scipy', 'torch', 'ray', 'polars', 'duckdb') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_name_is_reached_and_none_is_hidden_by_a_module() -> None:
    modules = {path.stem for path in Path(str(statistics.__file__)).parent.glob("*.py")}
    assert not modules & set(statistics.__all__)
    assert dir(statistics) == sorted(statistics.__all__)
    for name in statistics.__all__:
        assert getattr(statistics, name).__doc__ or name == "Unit"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = statistics.nothing


def test_errors_are_the_packages_own_and_arrays_of_results_read_only() -> None:
    assert issubclass(statistics.StatisticsError, NbsError)
    profile = statistics.performance_profile(np.ones((2, 2)), [0.0, 1.0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="read-only"):
        profile.fraction[0] = 5.0
