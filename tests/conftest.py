"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)  # one change is judged by the same examples everywhere
if os.environ.get("CI"):
    settings.load_profile("repeatable")
