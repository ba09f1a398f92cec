"""Checkpoints as the engine writes them."""

import json
from datetime import UTC, datetime

STACK = "dev-capacity"
SAVED_AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:{STACK}::quantos::{kind}::{name}"


def checkpoint(*groups: str, saved_at: datetime = SAVED_AT, begun: tuple[str, ...] = ()) -> bytes:
    """A capacity stack with these node groups, and others whose making had begun."""
    resources = [{"urn": urn("pulumi:pulumi:Stack", f"quantos-{STACK}"), "custom": False}]
    resources += [{"urn": urn(NODE_GROUP, name), "custom": True, "id": f"quantos-dev:{name}"} for name in groups]
    pending = [{"type": "creating", "resource": {"urn": urn(NODE_GROUP, name), "custom": True}} for name in begun]
    latest = {
        "manifest": {"time": saved_at.isoformat(), "magic": "m", "version": "v3.259.0"},
        "resources": resources,
        "pending_operations": pending,
    }
    document = {"version": 3, "checkpoint": {"stack": f"organization/quantos/{STACK}", "latest": latest}}
    return json.dumps(document).encode()


def new_stack() -> bytes:
    """A stack that was made and never updated."""
    return json.dumps({"version": 3, "checkpoint": {"stack": f"organization/quantos/{STACK}"}}).encode()
