from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from nasbench_sparse.core.declaration import digest
from nasbench_sparse.errors import DamagedTable, NbsError, OtherTask, TableError
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.manifest import read_manifest
from nasbench_sparse.tabular.parquet import export_table, import_table, table_files
from nasbench_sparse.tabular.places import find_table, has_table, keep_table
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.tabular.table import Table
from tests.tabular.problems import TASK


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    """An exported table to damage."""
    return Path(shutil.copytree(exported, tmp_path / "copy"))


def test_an_export_comes_back_bit_for_bit(built: Store, exported: Path) -> None:
    before, after = stored_table(built, TASK), import_table(exported, TASK)
    assert dict(after.evaluations) == dict(before.evaluations)
    assert list(after.configs) == list(before.configs)
    assert after.best() == before.best()
    assert after.frame().equals(before.frame())


def test_importing_a_table_imports_neither_pandas_nor_polars(exported: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.tabular.problems import TASK; "
        "from nasbench_sparse.tabular.parquet import import_table; import_table(Path(sys.argv[1]), TASK); "
        "print(sorted({'pandas', 'polars'} & sys.modules.keys()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(exported)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


def test_a_float32_export_says_so_and_rounds_every_value_once(built: Store, tmp_path: Path) -> None:
    before = stored_table(built, TASK)
    manifest = export_table(before, tmp_path / "half", {}, precision="float32")
    assert manifest.precision == read_manifest(tmp_path / "half").precision == "float32"
    after = import_table(tmp_path / "half", TASK)
    assert np.array_equal(after.curves.values, before.curves.values.astype(np.float32))


def test_the_manifest_says_what_the_table_is(exported: Path) -> None:
    manifest = read_manifest(exported)
    assert manifest.fingerprint == TASK.fingerprint
    assert manifest.declaration == TASK.declaration
    assert manifest.coverage["complete"]
    assert manifest.coverage["whole_space"]
    assert manifest.coverage["diverged"] == 3
    assert manifest.enumerations == (("all", 1),)
    assert 0 < manifest.agreement["better_half"] <= manifest.agreement["tau"] < 1
    assert manifest.files["curves.parquet"]["rows"] == 72 * 9 + 3 * 4
    assert manifest.made == {"commands": ["make"]}


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize("name", ["curves.parquet", "configs.parquet"])
@pytest.mark.parametrize(
    ("harm", "says"),
    [(flip, "does not match the checksum"), (truncate, "truncated or changed"), (Path.unlink, "read")],
)
def test_a_damaged_file_is_found(copy: Path, name: str, harm: Callable[[Path], None], says: str) -> None:
    harm(copy / name)
    with pytest.raises(DamagedTable, match=f"{name} .*{says}.*export or fetch the table again"):
        import_table(copy, TASK)


def test_a_file_that_matches_a_wrong_manifest_is_still_no_parquet(copy: Path) -> None:
    (copy / "curves.parquet").write_bytes(b"PAR1 nothing PAR1")
    manifest = read_manifest(copy)
    files = {
        **manifest.files,
        "curves.parquet": {"bytes": 17, "rows": 0, "sha256": sha256(copy / "curves.parquet")},
    }
    replace(manifest, files=files).write(copy)
    with pytest.raises(DamagedTable, match="cannot be read as Parquet"):
        import_table(copy, TASK)


def sha256(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_changed_manifest_is_found(copy: Path) -> None:
    content = orjson.loads((copy / "manifest.json").read_bytes())
    content["replicates"] = 2
    (copy / "manifest.json").write_bytes(orjson.dumps(content))
    with pytest.raises(DamagedTable, match="was changed after it was written"):
        import_table(copy, TASK)


def test_a_truncated_manifest_is_found(copy: Path) -> None:
    truncate(copy / "manifest.json")
    with pytest.raises(DamagedTable, match="truncated or no JSON"):
        import_table(copy, TASK)


def edit(folder: Path, **changes: Any) -> None:
    """Change a manifest by hand, checksum and all; None removes a field."""
    content = orjson.loads((folder / "manifest.json").read_bytes())
    content.pop("checksum")
    content = {name: value for name, value in {**content, **changes}.items() if value is not None}
    (folder / "manifest.json").write_bytes(orjson.dumps({**content, "checksum": digest(content, 16)}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema_version": "x"}, "`schema_version` is 'x', not a whole number"),
        ({"schema_version": True}, "`schema_version` is True, not a whole number"),
        ({"files": []}, r"`files` is \[\], not an object"),
        ({"files": {"configs.parquet": {"bytes": 1, "rows": 1}}}, r"`files\.configs\.parquet\.sha256` is missing"),
        ({"files": {"curves.parquet": "x"}}, r"`files\.curves\.parquet` is 'x', not an object"),
        ({"listed": None}, "`listed` is missing"),
        ({"replicates": "3"}, "`replicates` is '3', not a whole number"),
        ({"metrics": "abc"}, "`metrics` is 'abc', not a list"),
        ({"metrics": [1]}, r"`metrics\[0\]` is 1, not a text"),
        ({"enumerations": [["all"]]}, r"`enumerations` has \['all'\], not a mode and a number"),
        ({"coverage": {}}, r"`coverage\.whole_space` is missing"),
        ({"made": {"commands": "make"}}, r"`made\.commands` is 'make', not a list"),
        ({"made": {"training_seconds": "long"}}, r"`made\.training_seconds` is 'long', not a number"),
        ({"colour": 1}, "`colour` is no field of it"),
    ],
)
def test_a_manifest_edited_by_hand_is_refused_with_its_field(
    copy: Path, changes: dict[str, Any], says: str
) -> None:
    edit(copy, **changes)
    with pytest.raises(DamagedTable, match=f"{says}; export or fetch the table again"):
        import_table(copy, TASK)


def test_a_manifest_that_names_no_files_is_refused_however_it_is_read(copy: Path) -> None:
    edit(copy, files={})
    for read in (import_table, table_files):
        with pytest.raises(DamagedTable, match=r"does not name configs\.parquet"):
            read(copy, TASK)


def test_a_manifest_of_a_newer_schema_is_refused(copy: Path) -> None:
    edit(copy, schema_version=99, listed="unknown to this release")
    with pytest.raises(TableError, match=r"schema version 99.*upgrade"):
        import_table(copy, TASK)


def test_a_table_of_another_task_or_version_is_refused(exported: Path) -> None:
    with pytest.raises(OtherTask, match=r"version 1 of task 'small', but version 2 is installed.*build or import"):
        import_table(exported, replace(TASK, version=2))
    with pytest.raises(OtherTask, match="not of 'large'"):
        import_table(exported, replace(TASK, name="large"))
    with pytest.raises(OtherTask, match="as declared elsewhere"):
        import_table(exported, replace(TASK, noise=0.5))


def test_an_export_overwrites_nothing_and_needs_something(built: Store, exported: Path, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="not an empty folder"):
        export_table(stored_table(built, TASK), exported, {})
    with pytest.raises(TableError, match="nothing of task 'other' is recorded"):
        export_table(stored_table(built, replace(TASK, name="other")), tmp_path / "x", {})


def test_an_imported_table_is_found_by_name(exported: Path, tables: Path) -> None:
    assert find_table(TASK) is None
    assert not has_table(TASK)
    assert keep_table(exported, TASK) == tables / "small"
    found = find_table(TASK)
    assert found is not None
    assert found.complete
    assert has_table(TASK)
    assert not has_table(replace(TASK, version=2))
    with pytest.raises(OtherTask):
        find_table(replace(TASK, version=2))
    with pytest.raises(TableError, match="remove it to import"):
        keep_table(exported, TASK)


def test_load_takes_a_name_a_folder_or_a_store(built: Store, exported: Path, tables: Path) -> None:
    keep_table(exported, TASK)
    for table in (
        Table.load("small", task=TASK),
        Table.load(exported, task=TASK),
        Table.load(str(exported), task=TASK),
        Table.load("small", task=TASK, store=built),
    ):
        assert table.complete
    with pytest.raises(TableError, match=r"not registered here: name the task \(--task, or task= in Python\)"):
        Table.load("small")
    with pytest.raises(TableError, match="did you mean small"):
        Table.load("smal")
    with pytest.raises(TableError, match="table build digits-mlp-densities"):
        Table.load("digits-mlp-densities")
    with pytest.raises(NbsError, match="is no exported table"):
        Table.load(tables.parent, task=TASK)
