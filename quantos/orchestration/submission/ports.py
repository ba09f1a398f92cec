"""What submissions stand on beside the protocol: what was submitted, kept by its digest, and what a run reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.orchestration.protocol.rows import RunKey


class SpecStore(Protocol):
    """What was submitted, by team and digest. Key: the digest; putting it again changes nothing."""

    def put(self, team: str, request: SubmissionRequest) -> None:
        """Keep it. Raises OrchestrationError."""
        ...

    def get(self, team: str, digest: str) -> SubmissionRequest:
        """As it was put. Raises OrchestrationError where it is not there."""
        ...


@dataclass(frozen=True)
class Caller:
    """Who asks: a team and a subject, both of a token that the gateway has checked."""

    team: str
    subject: str


class Inputs(Protocol):
    """What a run reads of the outside, pinned before it is accepted. Key: the run and what is read."""

    def check(self, team: str, request: SubmissionRequest) -> None:
        """That all of it may be read and is there. Raises NotAdmittedError."""
        ...

    def pin(self, run: RunKey, request: SubmissionRequest) -> Mapping[str, str]:
        """Keep it for as long as the run's ttl, as it is now or was for the first run; return each table's snapshot.

        Raises:
            NotAdmittedError: it is not there any more.
        """
        ...
