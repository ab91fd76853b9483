from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let these tests share their pre-trainings, and nobody else's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASBENCH_SPARSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
