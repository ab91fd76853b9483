from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.trial import Evaluation, SearchStep, Status, Trial
from nasbench_sparse.executors.checkpoints import (
    CheckpointDirectory,
    CheckpointMemory,
    Shelf,
    key_left,
    key_needed,
    open_checkpoints,
)
from tests.executors.probe_task import ProbeTask, search_on, work_on


def test_keys_name_the_training_and_not_the_trial() -> None:
    parent = work_on(3, fidelity=4).trial
    child = Trial(9, parent.config, parent.config_key, 8, 0, parent=3, resumes_at=4)
    assert key_needed("f", child) == key_left("f", parent)
    assert key_needed("f", parent) is None
    others = [replace(parent, fidelity=5), replace(parent, replicate=1), replace(parent, config_key="x")]
    keys = {key_left("f", trial) for trial in [parent, *others]} | {key_left("g", parent)}
    assert len(keys) == 5


def test_keys_of_search_steps_follow_each_other() -> None:
    assert key_needed("f", search_on(0).trial) is None
    assert key_needed("f", search_on(3).trial) == key_left("f", search_on(2).trial)
    base = search_on(0).trial
    steps = [SearchStep("a:b", 0, 0), SearchStep("a:b", 0, 1), SearchStep("a:b", 0, 0, (("k", 1),))]
    assert len({key_left("f", replace(base, search=step)) for step in steps}) == 3


def test_shelf_drops_the_least_recently_used() -> None:
    shelf: Shelf[str] = Shelf(10)
    shelf.put("a", "A", 4)
    shelf.put("b", "B", 4)
    assert shelf.get("a") == "A"
    shelf.put("c", "C", 4)
    assert [shelf.get(key) for key in "abc"] == ["A", None, "C"]
    shelf.put("a", "A2", 6)
    assert [shelf.get(key) for key in "ac"] == ["A2", "C"]
    shelf.put("d", "D", 11)
    assert [shelf.get(key) for key in "acd"] == [None, None, None]


def test_directory_returns_what_was_put_to_other_processes_too(tmp_path: Path) -> None:
    first = CheckpointDirectory(tmp_path / "new" / "folder")
    assert first.get("a") is None
    first.put("a", b"state")
    first.put("a", b"newer")
    assert CheckpointDirectory(tmp_path / "new" / "folder").get("a") == b"newer"
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a"]
    first.drop("a")
    first.drop("a")
    assert first.get("a") is None


def test_directory_does_not_return_damaged_states(tmp_path: Path) -> None:
    checkpoints = CheckpointDirectory(tmp_path)
    checkpoints.put("a", b"some state")
    content = (tmp_path / "a").read_bytes()
    for size in range(len(content)):
        (tmp_path / "a").write_bytes(content[:size])
        assert checkpoints.get("a") is None
        (tmp_path / "a").write_bytes(content[:size] + bytes([content[size] ^ 1]) + content[size + 1 :])
        assert checkpoints.get("a") is None
    (tmp_path / "a").write_bytes(content)
    assert checkpoints.get("a") == b"some state"


def test_directory_stays_within_its_capacity(tmp_path: Path) -> None:
    checkpoints = CheckpointDirectory(tmp_path, capacity_bytes=3 * 116)
    for age, key in enumerate("abc"):
        checkpoints.put(key, bytes(100))
        os.utime(tmp_path / key, ns=(age, age))
    assert checkpoints.get("a") is not None  # now the most recently used
    checkpoints.put("d", bytes(100))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]
    second = CheckpointDirectory(tmp_path, capacity_bytes=116)
    second.put("e", bytes(100))
    assert [path.name for path in tmp_path.iterdir()] == ["e"]


def test_directory_that_cannot_be_written_only_warns(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    checkpoints = CheckpointDirectory(tmp_path / "file" / "folder")
    with pytest.warns(UserWarning, match="could not be kept and will be trained again"):
        checkpoints.put("a", b"state")
    assert checkpoints.get("a") is None


def test_checkpoints_drop_the_step_before_once_a_step_is_done(task: ProbeTask) -> None:
    checkpoints = open_checkpoints(None)
    assert isinstance(checkpoints, CheckpointMemory)
    first, second = search_on(0).trial, search_on(1).trial
    checkpoints.left(task, first, Evaluation(Status.OK), b"0")
    checkpoints.left(task, second, Evaluation(Status.FAILED), None)
    assert checkpoints.needed(task, second) == b"0"
    checkpoints.left(task, second, Evaluation(Status.OK), b"1")
    assert checkpoints.needed(task, second) is None
    assert checkpoints.needed(task, search_on(2).trial) == b"1"
