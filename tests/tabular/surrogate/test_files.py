from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import DamagedTable, NotInTable, TableError
from nasbench_sparse.tabular.manifest import describe_file, read_manifest
from nasbench_sparse.tabular.parquet import export_table, import_table
from nasbench_sparse.tabular.places import keep_table
from nasbench_sparse.tabular.surrogate.files import MODEL, TREES, describe_surrogate, fit_folder
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.tabular.verify import verify_table
from tests.tabular.surrogate.problems import FEW_TREES, SMOOTH

AGAIN = """
import sys
from hashlib import sha256
from pathlib import Path
from nasbench_sparse.tabular.surrogate.files import fit_folder
from tests.tabular.surrogate.problems import FEW_TREES, SMOOTH
fit_folder(Path(sys.argv[1]), SMOOTH, "fit", boosting=FEW_TREES)
"""

PREDICT = """
import sys
from pathlib import Path
from nasbench_sparse.tabular.parquet import import_table
from tests.tabular.surrogate.problems import SMOOTH
surrogate = import_table(Path(sys.argv[1]), SMOOTH).surrogate
points = surrogate.curve({"x_0": 0.123, "x_1": 0.456})
heavy = "torch ray smac optuna ConfigSpace scipy sklearn duckdb".split()
print([value.hex() for point in points for value in point[1:-1]], [name for name in heavy if name in sys.modules])
"""

CONFIG = {"x_0": 0.123, "x_1": 0.456}


def python(code: str, folder: Path, seed: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONHASHSEED": seed}
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True, env=environment
    )
    return run.stdout


@pytest.fixture
def copy(fitted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fitted, tmp_path / "copy"))


def test_the_same_seed_gives_the_same_bytes_in_another_process(smooth: Table, fitted: Path, tmp_path: Path) -> None:
    export_table(smooth, tmp_path / "again", {})
    python(AGAIN, tmp_path / "again", "12")
    for name in (MODEL, TREES):
        assert (tmp_path / "again" / name).read_bytes() == (fitted / name).read_bytes()


def test_predictions_have_the_same_bits_in_another_process_and_load_nothing_heavy(fitted: Path) -> None:
    surrogate = import_table(fitted, SMOOTH).surrogate
    assert surrogate is not None
    here = [float(value).hex() for point in surrogate.curve(CONFIG) for value in point[1:-1] if value is not None]
    assert python(PREDICT, fitted, "7") == f"{here} []\n"


def test_a_read_surrogate_predicts_what_the_fitted_one_does(copy: Path) -> None:
    fitted = fit_folder(copy, SMOOTH, "again", boosting=FEW_TREES)  # in place of the one before
    read = import_table(copy, SMOOTH).surrogate
    assert read is not None
    rng = np.random.default_rng(0)
    for config in (SMOOTH.space.sample(rng) for _ in range(20)):
        assert read.evaluation(config) == fitted.surrogate.evaluation(config)
    assert describe_surrogate(copy, read_manifest(copy))["made"]["command"] == "again"


def test_both_files_are_small_and_described(fitted: Path) -> None:
    assert sum((fitted / name).stat().st_size for name in (MODEL, TREES)) < 400_000
    described = describe_surrogate(fitted, read_manifest(fitted))
    assert described["declaration"] == orjson.loads(orjson.dumps(SMOOTH.declaration))
    assert described["made"]["seed"] == 0
    assert {"numpy", "scikit-learn", "python"} < described["made"]["versions"].keys()


def test_queries_are_predicted_only_where_asked_for(fitted: Path) -> None:
    table = import_table(fitted, SMOOTH)
    with pytest.raises(NotInTable):
        table.query(CONFIG)
    answer = table.query(CONFIG, at=4, predicted=True)
    assert (answer.status, answer.predicted) == (Status.OK, True)
    assert answer.point is not None
    assert answer.point.step == 4
    assert answer.loss == pytest.approx(0.1 + SMOOTH.space.distance(CONFIG) + 0.5 / 4, abs=0.1)
    held = next(table.configs)
    assert table.query(held, predicted=True) == table.query(held)
    assert not table.query(held, predicted=True).predicted


def test_a_table_without_a_surrogate_predicts_nothing(smooth: Table) -> None:
    assert smooth.surrogate is None
    with pytest.raises(NotInTable):
        smooth.query(CONFIG, predicted=True)


def test_a_surrogate_is_imported_with_its_table(fitted: Path) -> None:
    keep_table(fitted, SMOOTH)
    assert Table.load("smooth", task=SMOOTH).surrogate is not None


@pytest.mark.parametrize("name", [MODEL, TREES])
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damage_is_told_with_what_to_do(copy: Path, name: str, damage: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "flip":
        (copy / name).write_bytes(content)
    elif damage == "truncate":
        (copy / name).write_bytes(content[:-7])
    else:
        (copy / name).unlink()
    with pytest.raises(DamagedTable, match=f"{name}.*again"):
        keep_table(copy, SMOOTH)
    table = import_table(copy, SMOOTH)
    assert table.query(next(table.configs)).status is Status.OK  # what is recorded is whole
    assert [problem.remedy for problem in verify_table(table)] == ["`table fit` fits another surrogate"]


def rewrite(folder: Path, **changes: object) -> None:
    """Change a description, and the manifest with it."""
    described = orjson.loads((folder / MODEL).read_bytes())
    (folder / MODEL).write_bytes(orjson.dumps({**described, **changes}))
    manifest = read_manifest(folder)
    replace(manifest, files={**manifest.files, MODEL: describe_file(folder / MODEL, 1)}).write(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema_version": 2}, "upgrade"),
        ({"format": "other"}, "describes no surrogate"),
        ({"schema_version": "x"}, "`schema_version` is 'x', not a whole number; fit the surrogate again"),
        ({"quality": {}}, "`quality.configs` is missing; fit the surrogate again"),
        ({"table": {}}, "fitted on other trainings.*fit it again"),
        ({"fingerprint": "0"}, "fitted on other trainings"),
        ({"outputs": 17}, "contradicts itself"),
        ({"features": []}, "contradict themselves"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(copy: Path, changes: dict[str, object], says: str) -> None:
    rewrite(copy, **changes)
    with pytest.raises(TableError, match=says):
        _ = import_table(copy, SMOOTH).surrogate


def test_a_poor_surrogate_is_refused_when_read(copy: Path) -> None:
    quality = orjson.loads((copy / MODEL).read_bytes())["quality"]
    rewrite(copy, quality={**quality, "loss": {"r2": 0.4, "tau": 0.3, "better_half": 0.1}})
    with pytest.raises(TableError, match=r"R2 is 0.40 and Kendall's tau 0.30"):
        _ = import_table(copy, SMOOTH).surrogate
