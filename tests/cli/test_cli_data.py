"""The command `data`, and a missing data set said before anything is trained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.cli import main
from nasbench_sparse.data import texts
from nasbench_sparse.data.place import VARIABLE
from nasbench_sparse.errors import DataError
from nasbench_sparse.tasks import tasks


def test_data_list_shows_what_is_at_hand(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("train_32x32.mat", "test_32x32.mat"):
        (tmp_path / name).touch()
    assert main(["data", "list", "--json", "--data", str(tmp_path)]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["digits"]["state"] == "installed"
    assert rows["svhn"]["state"] == "there"
    assert rows["cifar10"]["state"] == "missing"
    assert main(["data", "list"]) == 0
    assert "tinystories" in capsys.readouterr().out


def test_data_path_follows_option_and_environment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "a"))
    main(["data", "path"])
    main(["--data", str(tmp_path / "b"), "data", "path"])
    main(["data", "path", "--data", str(tmp_path / "c")])
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in "abc"]


def test_data_download_of_what_is_installed_has_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "download", "digits"]) == 0
    assert "nothing to download" in capsys.readouterr().err


def test_data_download_reports_a_damaged_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "tinystories"
    folder.mkdir()
    (folder / texts.MERGES.name).write_text("short")
    assert main(["data", "download", "tinystories", "--data", str(tmp_path)]) == 1
    assert "error: " in (text := capsys.readouterr().err)
    assert "has 5 bytes, but the published file has 456,318" in text


def test_run_says_that_data_are_missing_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = replace(next(task for task in tasks() if task.dataset == "mnist5k"), name="on-mnist", dataset="mnist")
    assert not task.offline
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(DataError, match="run `nasbench-sparse data download mnist` first"):
        nbs.run(task, "random", trials=1, store=tmp_path / "results.duckdb")
