"""Runs spread over processes that cannot import their class: they are carried out in this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_sparse.executors.transport import unwrap, wrap
from nasbench_sparse.store import Store

UNSENT = Path(__file__).with_name("unsent.py")


@pytest.mark.parametrize("place", ["guarded", "interactive"])
def test_class_that_others_cannot_import_runs_in_this_process(tmp_path: Path, place: str) -> None:
    typed = place == "interactive"
    command = [sys.executable, *(["-"] if typed else [str(UNSENT)]), str(tmp_path / "r.duckdb")]
    done = subprocess.run(
        command, input=UNSENT.read_text() if typed else "", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    counts, message = done.stdout.splitlines()
    assert counts == "4 0 1 NbsWarning"
    assert message.startswith("other processes cannot carry out the runs of 'Hidden', so this one does: ")
    assert ("defined interactively" if typed else "Can't get attribute 'Hidden'") in message
    runs = Store(tmp_path / "r.duckdb").sql(
        "SELECT optimizer, r.status, count(*) FROM runs AS r JOIN trials USING (run_id) GROUP BY ALL ORDER BY ALL"
    )
    assert runs.rows() == [("Hidden", "finished", 8), ("random", "finished", 8)]


class Elsewhere:
    """Pickled as if it stood in a script."""


def test_own_main_module_survives_a_parcel_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text("raise ValueError('not here')\n")
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", str(script), raising=False)
    monkeypatch.setattr(main, "Elsewhere", Elsewhere, raising=False)
    monkeypatch.setattr(Elsewhere, "__module__", "__main__")
    parcel = wrap(Elsewhere, "a class", "")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    with pytest.raises(ValueError, match="not here"):
        unwrap(parcel)
    assert sys.modules["__main__"] is main
