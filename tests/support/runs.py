"""Rows of runs for tests."""

from typing import Any

from quantos.contracts.dag.spec import Requests
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.ledger.credit import CreditTerms
from quantos.orchestration.protocol.rows import Node, RunKey, Submission, Terms
from quantos.orchestration.protocol.rules import OpenAccount, Rules
from quantos.orchestration.routing.placement import Choice, Placement

RUN = RunKey("alpha", "x")
PLACEMENT = Placement(
    chosen=Choice(pool="cpu", spot=False, usd_per_hour=1.0, expected_usd=1.0, expected_ms=4), reason="the only one"
)


def rules(opened: OpenAccount, *, credit: Amount = NOTHING) -> Rules:
    """Rules of an environment of one pool, with so much credit at most."""
    return Rules(
        opened=opened,
        credit=lambda team: CreditTerms(share=1.0, cap=credit, expires_days=2),
        placed=lambda submission, node, left_ms: PLACEMENT,
    )


def terms(**fields: Any) -> Terms:
    """Terms of a plain backtest."""
    stated: dict[str, Any] = {
        "pipeline_id": "p",
        "job_class": "backtest",
        "priority": "normal",
        "qos": "on_demand",
        "submitted_ms": 0,
        "submitted_by": "ann",
        "max_runtime_ms": 3_600_000,
        "expected_usd": 1.0,
    }
    return Terms(**{**stated, **fields})


def submission(**fields: Any) -> Submission:
    """A run as it is submitted."""
    amount = Amount(cpu_ms=6)
    return Submission(**{"run": RUN, "digest": "d", "terms": terms(), "estimate": amount, "cap": amount, **fields})


def node(name: str = "n", **fields: Any) -> Node:
    """A node as it is submitted."""
    requests = Requests(cpu="1", mem="1Gi", gpu=0)
    stated = {"run": RUN, "digest": "d", "id": name, "upstream": (), "requests": requests, "expected_ms": 4}
    return Node(**{**stated, "max_attempts": 1, **fields})
