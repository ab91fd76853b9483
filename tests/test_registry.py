"""The registry: what a broken or rival package costs, and what is said of files that cannot be used."""

from __future__ import annotations

import importlib
import os
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nasbench_sparse import registry
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.registry import all_tasks, load_optimizer, load_task, optimizer_names, troubles, wrap_optimizer

MODULE = """
from nasbench_sparse import Optimizer
from nasbench_sparse.testing.problems import SyntheticTask


class Mine(Optimizer):
    def ask(self):
        return self.space.sample(self.rng)

    def tell(self, observation):
        pass


def tasks():
    return [SyntheticTask(name="rival-task"), SyntheticTask(name="digits-mlp-densities")]


def late():
    raise ValueError("too late")
"""
OPTIMIZERS = (
    "random = rival_pack:Mine\nmine = rival_pack:Mine\nabsent = absent_pack:X\nno-class = rival_pack:tasks\n"
)


def forget() -> None:
    """Empty the registry's caches, which last as long as a process."""
    for item in vars(registry).values():
        if hasattr(item, "cache_clear"):
            item.cache_clear()


@pytest.fixture
def rival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that claims built-in names and is partly broken."""
    (tmp_path / "rival_pack.py").write_text(MODULE)
    info = tmp_path / "rival_pack-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rival-pack\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(
        f"[nasbench_sparse.optimizers]\n{OPTIMIZERS}"
        "[nasbench_sparse.tasks]\nrival = rival_pack:tasks\nlate = rival_pack:late\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    forget()
    yield
    sys.modules.pop("rival_pack", None)
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("group", ["optimizers", "tasks", "suites", "designs", "chains"])
def test_nothing_is_wrong_with_what_is_built_in(group: str) -> None:
    assert troubles(group) == []


def test_broken_and_rival_optimizers_cost_their_own_names_only(rival: None) -> None:
    assert {"random", "mine", "absent", "lahc"} <= set(optimizer_names())
    assert load_optimizer("mine").source == "2.5"
    assert load_optimizer("lahc").cls.__module__.startswith("nasbench_sparse.")
    with pytest.raises(NbsError, match="'random' is registered by package") as refused:
        load_optimizer("random")
    assert "package nasbench-sparse (" in str(refused.value)
    assert "package rival-pack (rival_pack:Mine)" in str(refused.value)
    with pytest.raises(
        NbsError, match=r"'absent' of package rival-pack .* is broken: ModuleNotFoundError: No module"
    ):
        load_optimizer("absent")
    with pytest.raises(NbsError, match=r"'no-class' of package rival-pack .* a subclass of"):
        load_optimizer("no-class")
    said = troubles("optimizers")
    assert len(said) == 3
    assert all("rival-pack" in sentence for sentence in said)


def test_broken_and_rival_tasks_cost_their_own_names_only(rival: None) -> None:
    assert "rival-task" in all_tasks()
    assert "digits-mlp-operators-95" in all_tasks()
    assert "digits-mlp-densities" not in all_tasks()
    with pytest.raises(NbsError, match=r"'digits-mlp-densities' is registered by package .*rival-pack"):
        load_task("digits-mlp-densities")
    with pytest.raises(UnknownName, match=r"'late' of package rival-pack .* is broken: ValueError: too late"):
        load_task("unheard-of")
    assert len(troubles("tasks")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "defines no optimizer: a subclass of nasbench_sparse.Optimizer is needed"),
        ("def f(:\n", r"cannot be imported: SyntaxError: invalid syntax \(own.py, line 1\)"),
        ("import os\n\nimport not_there\n", "own.py, line 3, cannot be imported: ModuleNotFoundError: No module"),
        ("def f():\n    1 / 0\n\n\nf()\n", "own.py, line 2, cannot be imported: ZeroDivisionError"),
        ("raise SystemExit\n", "own.py, line 1, cannot be imported: SystemExit"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(NbsError, match=said):
        load_optimizer(f"{tmp_path / 'own.py'}:Own")


def test_a_file_without_a_name_in_it_asks_for_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"'own\.py' names a file; write own\.py:Class"):
        load_optimizer("own.py")
    with pytest.raises(UnknownName, match=r"'own\.py' names a file; write own\.py:name"):
        load_task("own.py")
    (tmp_path / "own.py").write_text("x = 1\n")
    with pytest.raises(UnknownName, match=r"defines no Task"):
        load_task(f"{tmp_path / 'own.py'}:task")


def test_an_option_that_json_cannot_hold_is_named() -> None:
    import numpy as np

    from nasbench_sparse.core.optimizer import complete_options

    cls = load_optimizer("lahc").cls
    with pytest.raises(NbsError, match=r"option 'history_length' of lahc is array.* of type ndarray"):
        complete_options(cls, {"history_length": np.ones(3)})
    assert type(complete_options(cls, {"history_length": np.int64(3)})["history_length"]) is int


OWN = """
from nasbench_sparse import Optimizer


class Own(Optimizer):
    number = {}

    def ask(self):
        return self.space.sample(self.rng)

    def tell(self, trial, result):
        pass
"""


def test_a_file_edited_in_a_session_is_loaded_again(tmp_path: Path) -> None:
    """Byte code cached in the same second, of a text as long, is not taken for the edited text."""
    file = tmp_path / "own.py"
    for number in (1, 2, 1):
        file.write_text(OWN.format(3 - number))
        os.utime(file, (1e9, 1e9))
        py_compile.compile(str(file))
        file.write_text(OWN.format(number))
        os.utime(file, (1e9, 1e9))
        assert load_optimizer(f"{file}:Own").cls.number == number  # type: ignore[attr-defined]


def test_a_class_whose_file_changed_after_its_import_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "edited_pack.py"
    file.write_text(OWN.format(1))
    monkeypatch.syspath_prepend(tmp_path)
    own = importlib.import_module("edited_pack").Own
    before = wrap_optimizer(own)
    assert before == load_optimizer("edited_pack:Own")
    file.write_text(OWN.format(1).replace("pass", "return None"))
    with pytest.raises(NbsError, match=r"edited_pack\.py changed after Own was imported from it"):
        wrap_optimizer(own)
    with pytest.raises(NbsError, match="changed after Own was imported"):
        load_optimizer("edited_pack:Own")
    again = importlib.reload(sys.modules["edited_pack"]).Own
    assert wrap_optimizer(again).source not in ("", before.source)
