"""How many examples hypothesis tries: `ci` (the default) or `campaign`, by HYPOTHESIS_PROFILE; the sweep at the end."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests import sweep

settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("campaign", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config: pytest.Config) -> None:
    sweep.start(config)
