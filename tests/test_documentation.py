"""The documents are true: their code, their SQL, their commands, their links and their tables.

A fence `python title="name.py"` is a file, written to a folder of its document; one of `python run` is carried out
there, in order. SQL is asked of a store that holds a few short runs.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
import typer

import nasbench_sparse as nbs
from nasbench_sparse.cli.app import app
from nasbench_sparse.registry import all_tasks, optimizer_names
from nasbench_sparse.testing.problems import Fault, SyntheticTask

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").glob("*.md")]
)
FENCE = re.compile(r"^```(\S*)[ ]*(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what follows it on the line, its text, and where it begins."""

    document: Path
    line: int
    language: str
    note: str
    text: str

    @property
    def title(self) -> str | None:
        """The file it is, if it is one."""
        found = re.fullmatch(r'title="(.+)"', self.note)
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks(document: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    text = document.read_text()
    for found in FENCE.finditer(text):
        yield Block(document, text.count("\n", 0, found.start()) + 1, found[1], found[2].strip(), found[3])


ALL = [block for document in DOCUMENTS for block in blocks(document)]
SQL = [block for block in ALL if block.language == "sql"]
RUNNABLE = [document for document in DOCUMENTS if any(block.note == "run" for block in blocks(document))]


def commands() -> Iterator[tuple[str, str]]:
    """Yield (place, command line) for each line of a shell block with our command, continuations joined."""
    for block in ALL:
        if block.language in ("sh", "bash"):
            for line in block.text.replace("\\\n", " ").splitlines():
                if "nasbench-sparse " in line and not line.startswith("#"):
                    yield str(block), " ".join(line.split())


COMMANDS = list(commands())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> nbs.Store:
    """A store in which every question of the documents has something to find, but for differing results."""
    kept = nbs.Store(tmp_path_factory.mktemp("store") / "results.duckdb")
    for optimizer in ("random", "lahc"):
        nbs.run("digits-mlp-densities", optimizer, trials=4, store=kept)
    nbs.run("digits-mlp-operators-95", "random", trials=3, store=kept)
    nbs.run("digits-mlp-operators-95", "random", trials=1, seed=1, store=kept)
    nbs.run(SyntheticTask(name="failing", faults=(Fault("raise"),)), "random", trials=2, store=kept)
    return kept


def write_files(document: Path, folder: Path) -> None:
    """Write the documents' files that a document's blocks may need."""
    for block in ALL:
        if block.title is not None and (block.document == document or document.parent.name == "docs"):
            (folder / block.title).write_text(block.text)


@pytest.mark.parametrize("document", RUNNABLE, ids=lambda path: path.name)
def test_python_blocks_run(
    document: Path, store: nbs.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(document, tmp_path)
    (tmp_path / "results.duckdb").write_bytes(store.path.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    names: dict[str, Any] = {"__name__": "documentation"}
    try:
        for block in blocks(document):
            if block.note == "run":
                exec(compile(block.text, str(block), "exec"), names)
    finally:
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
                del sys.modules[name]


def test_every_python_block_is_a_file_or_runs() -> None:
    idle = [
        str(block) for block in ALL if block.language == "python" and block.title is None and block.note != "run"
    ]
    assert not idle


@pytest.mark.parametrize("block", SQL, ids=str)
def test_sql_blocks_answer(block: Block, store: nbs.Store) -> None:
    answer = store.sql(block.text)
    assert answer.height > 0 or "FROM conflicts" in block.text or "b.step = 16" in block.text


def test_conformance_suites_of_the_guide_pass(tmp_path: Path) -> None:
    write_files(ROOT / "CONTRIBUTING.md", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_entry_points_of_the_guide_are_found(tmp_path: Path) -> None:
    write_files(ROOT / "CONTRIBUTING.md", tmp_path)
    declared: dict[str, dict[str, str]] = {}
    for block in ALL:
        if block.language == "toml":
            declared |= tomllib.loads(block.text).get("project", {}).get("entry-points", {})
    information = tmp_path / "annealed_climber-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: annealed-climber\nVersion: 1.0\n")
    lines = [
        f"[{group}]\n" + "\n".join(f"{k} = {v}" for k, v in points.items()) for group, points in declared.items()
    ]
    (information / "entry_points.txt").write_text("\n\n".join(lines))
    code = (
        "from nasbench_sparse.registry import all_tasks, load_optimizer; "
        "print(load_optimizer('annealed-climber').source, 'digits-one-operator' in all_tasks())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["1.0", "True"], done.stderr


def test_examples_run(tmp_path: Path) -> None:
    """One process for all of them, since each would spend seconds on importing torch."""
    names = sorted(str(path) for path in EXAMPLES.glob("*.py"))
    code = f"import runpy\nfor name in {names!r}: runpy.run_path(name, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "seed 1: " in done.stdout
    assert "validation loss " in done.stdout


def test_example_optimizer_is_the_one_of_the_readme_and_short() -> None:
    (shown,) = [block.text for block in blocks(ROOT / "README.md") if block.title == "my_optimizer.py"]
    assert shown == (EXAMPLES / "my_optimizer.py").read_text()
    assert len(shown.splitlines()) < 20


@pytest.mark.parametrize(("place", "line"), COMMANDS, ids=[place for place, _ in COMMANDS])
def test_commands_parse(place: str, line: str) -> None:
    """Arguments, options and their values are what the command takes; nothing is carried out."""
    command: Any = typer.main.get_command(app)
    arguments = shlex.split(line.partition("nasbench-sparse ")[2])
    while hasattr(command, "commands"):
        name = arguments.pop(0)
        assert name in command.commands, f"{place}: no command {name!r}"
        command = command.commands[name]
    command.make_context(line, arguments)


@pytest.mark.parametrize(
    "line", [line for _, line in COMMANDS if "nasbench-sparse run" in line and "my_task.py" not in line]
)
def test_run_commands_can_be_planned(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks, optimizers and options that a command names exist and fit together."""
    from nasbench_sparse.cli.plans import Request, make_plans

    write_files(ROOT / "CONTRIBUTING.md", tmp_path)
    write_files(ROOT / "README.md", tmp_path)
    monkeypatch.chdir(tmp_path)
    if line.startswith("PYTHONPATH=. "):
        monkeypatch.syspath_prepend(tmp_path)
    command: Any = typer.main.get_command(app)
    given = (
        command.commands["run"].make_context("run", shlex.split(line.partition("nasbench-sparse run ")[2])).params
    )
    given |= {f"{name}s": given[name] or () for name in ("task", "optimizer", "option")}
    request = Request(**{field.name: given[field.name] for field in fields(Request)})
    assert make_plans(request)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_internal_links_resolve(document: Path) -> None:
    for target in LINK.findall(FENCE.sub("", document.read_text())):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.is_file(), f"{document.name}: no file {target}"
        assert file.is_relative_to(ROOT), f"{document.name}: {target} lies outside the repository"
        if anchor:
            assert anchor in anchors(file), f"{document.name}: no heading {target}"


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as they are made from their words."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_optimizer_is_described() -> None:
    text = (ROOT / "docs" / "optimizers.md").read_text()
    described = set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE))
    assert described == set(optimizer_names())


def test_signal_table_is_that_of_the_declarations() -> None:
    expected = "\n".join(signal_row(name) for name in all_tasks())
    assert expected in (ROOT / "docs" / "tasks.md").read_text(), f"docs/tasks.md should hold\n{expected}"


def signal_row(name: str) -> str:
    """Return a task's row of the signal table."""
    task = all_tasks()[name]
    signal = task.signal
    if signal is None:
        return f"| `{name}` | {task.fidelity.max} | not measured | | | |"
    low, high = signal.interval
    seconds = "" if task.seconds is None else f"{task.seconds:.2f}"
    return (
        f"| `{name}` | {task.fidelity.max} | {signal.tau:.2f} | {low:.2f} to {high:.2f} | "
        f"{signal.better_half:.2f} | {seconds} |"
    )


def test_readme_counts_the_tasks() -> None:
    assert f"{len(all_tasks())}, on digits" in (ROOT / "README.md").read_text()


def test_slurm_script_is_valid_shell(tmp_path: Path) -> None:
    (script,) = [block.text for block in ALL if block.language == "bash"]
    (tmp_path / "job.sh").write_text(script)
    assert subprocess.run(["bash", "-n", str(tmp_path / "job.sh")], check=False).returncode == 0
