"""The real application over a store in a temporary directory, at a time the test sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from core.forecasting.service import ForecastService
from core.forecasting.store import SnapshotStore
from core.ledger.database import database_url
from core.ledger.reader import LedgerReader
from core.settings import Settings
from tests.clocks import ManualClock
from tests.web.published import Publisher

NOW = datetime(2026, 4, 21, 12, 41, 8, tzinfo=UTC)


@dataclass
class Site:
    """The application, what is published for it, and a client without a browser."""

    app: Dash
    client: FlaskClient
    service: ForecastService
    settings: Settings
    store: SnapshotStore
    publisher: Publisher
    clock: ManualClock

    def publish(self) -> None:
        self.publisher.publish_all(self.clock.now())

    def call(self, output: str, values: Mapping[str, Any]) -> TestResponse:
        """Send the request that the browser sends for the callback of `output`."""
        return self.client.post("/_dash-update-component", json=self.request(output, values))

    def request(self, output: str, values: Mapping[str, Any]) -> dict[str, Any]:
        names = self.app.callback_map
        return self.request_named(
            next(name for name in names if output in name.strip(".").split("...")), values
        )

    def request_named(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request for the callback that Dash lists under `name`."""
        declared = self.app.callback_map[name]
        listed = [property_.rsplit(".", 1) for property_ in name.strip(".").split("...")]
        outputs = [{"id": id_, "property": property_} for id_, property_ in listed]

        def given(kind: str) -> list[dict[str, Any]]:
            return [
                {**one, "value": values.get(f"{one['id']}.{one['property']}")}
                for one in declared[kind]
            ]

        inputs = given("inputs")
        return {
            "output": name,
            "outputs": outputs if name.startswith("..") else outputs[0],
            "inputs": inputs,
            "changedPropIds": [f"{one['id']}.{one['property']}" for one in inputs[:1]],
            "state": given("state"),
        }


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"ARTIFACT_DIR": str(tmp_path), "ENGINE": "external"})


@pytest.fixture
def site(settings: Settings) -> Site:
    clock = ManualClock(NOW)
    store = SnapshotStore.at(settings.run_dir)
    ledger = LedgerReader(database_url("", settings.artifact_dir))
    service = ForecastService(store, clock, settings.watch, settings.max_specs, ledger)
    app = create_app(service, settings)
    client = app.server.test_client()
    client.get("/_dash-layout")  # the first request sets the pages up
    return Site(app, client, service, settings, store, Publisher(store), clock)


@pytest.fixture
def published(site: Site) -> Site:
    site.publish()
    return site
