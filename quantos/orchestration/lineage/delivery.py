"""An event on its way: into our own store first, then to everybody else who takes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from openlineage.client.event_v2 import RunEvent

from quantos.errors import OrchestrationError
from quantos.orchestration.lineage.ports import LineageStore, LineageTransport
from quantos.orchestration.protocol.rows import AttemptKey, RunKey


@dataclass(frozen=True)
class Undelivered:
    """A transport that did not take an event which our own store has, or a span."""

    transport: str
    about: AttemptKey | RunKey
    error: OrchestrationError


Report: TypeAlias = Callable[[Undelivered], None]
"""Logs and counts: it is the only trace that a transport failed."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Where events go."""

    store: LineageStore
    transports: Sequence[LineageTransport]
    report: Report

    def deliver(self, attempt: AttemptKey, event: RunEvent) -> None:
        """Keep an event, and send it. Key: the event's run and type; done again, it is sent again and kept once.

        A transport that fails keeps nothing from the others.

        Raises:
            OrchestrationError: our own store did not take it; nothing was sent.
        """
        self.store.put(attempt, event)
        for transport in self.transports:
            try:
                transport.send(event)
            except OrchestrationError as error:
                self.report(Undelivered(transport.name, attempt, error))
