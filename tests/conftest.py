"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: no test asserts wall time. In CI one change is judged by the same examples everywhere.
settings.register_profile("any", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable" if os.environ.get("CI") else "any")
