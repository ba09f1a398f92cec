"""New links are told by the decision that they are of."""

import io
import json
from datetime import UTC, datetime

import pytest

from lambdas.instruments import Instruments
from lambdas.telling.links import tell_links
from quantos.audit.chain import GENESIS_DIGEST, link
from quantos.contracts.audit import AuditRecord, ChainLink


def linked(number: int, *, kind: str, body: dict) -> ChainLink:
    record = AuditRecord(
        record_id=f"{kind}/{number}",
        chain="quantos-dev",
        kind=kind,
        subject="dev-capacity",
        actor="resize",
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
        body=body,
    )
    return link(record, sequence=number, previous_digest=GENESIS_DIGEST)


def test_links_of_plans_and_outcomes_carry_the_decision_and_others_none(monkeypatch: pytest.MonkeyPatch) -> None:
    printed, instruments = io.StringIO(), Instruments("audit")
    monkeypatch.setattr(instruments.logger.registered_handler, "stream", printed)
    tell_links(
        instruments,
        (linked(7, kind="outcome", body={"sequence": 1_795_963_800}), linked(8, kind="switch", body={"paused": True})),
    )
    outcome, switch = map(json.loads, printed.getvalue().splitlines())
    assert (outcome["correlation_id"], outcome["link"]) == ("dev-capacity/1795963800", 7)
    assert switch["record_id"] == "switch/8"
    assert "correlation_id" not in switch
