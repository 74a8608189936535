"""Tests marked `network` run only where they are asked for: ``pytest -m network``."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the real exchanges alone unless the command line names the marker."""
    if "network" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("network")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
