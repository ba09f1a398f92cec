"""A desk of the development environment over rows in memory, an executor that takes down its orders, a clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from quantos.catalog.catalog import load_catalog
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.orchestration.adapters.rules import environment_rules, most_of_a_day
from quantos.orchestration.protocol import dispatching, observing
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Message, Order, RunKey, Started, Submission
from quantos.orchestration.protocol.rules import Rules
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.protocol.steps import Now
from quantos.orchestration.routing.market import market
from quantos.orchestration.submission.desk import Desk
from quantos.orchestration.submission.ports import Caller
from tests.support.world_rows import WorldRows

ROOT = Path(__file__).resolve().parents[2]
ANN, BOB, EVE = Caller("research", "ann"), Caller("research", "bob"), Caller("risk", "eve")


def settings(**changes: Any) -> EnvironmentSettings:
    """Those of `dev`, the team research changed."""
    loaded = load_environment("dev", root=ROOT / "stacks" / "environments", catalog=load_catalog())
    document = loaded.model_dump()
    document["platform"]["teams"]["research"] |= changes
    return EnvironmentSettings.model_validate(document)


@dataclass
class Specs:
    """What was submitted, in memory."""

    kept: dict[tuple[str, str], SubmissionRequest] = field(default_factory=dict)

    def put(self, team: str, request: SubmissionRequest) -> None:
        self.kept[team, request.digest()] = request

    def get(self, team: str, digest: str) -> SubmissionRequest:
        return self.kept[team, digest]


@dataclass
class Inputs:
    """Nothing is read."""

    pinned: list[RunKey] = field(default_factory=list)

    def check(self, team: str, request: SubmissionRequest) -> None:
        """All of it may be read."""

    def pin(self, run: RunKey, request: SubmissionRequest) -> Mapping[str, str]:
        self.pinned.append(run)
        return {}


@dataclass
class Outside:
    """An executor, a bus, a switch, a witness and a cleaner that take down what they are asked."""

    orders: list[Order] = field(default_factory=list)
    stopped: list[AttemptKey] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    cleared: dict[RunKey, Sequence[AttemptKey]] = field(default_factory=dict)
    is_paused: bool = False

    def create(self, order: Order) -> None:
        self.orders.append(order)

    def stop(self, attempt: AttemptKey) -> None:
        self.stopped.append(attempt)

    def acknowledge(self, attempt: AttemptKey) -> None:
        """Nothing is left of it."""

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def paused(self) -> bool:
        return self.is_paused

    def tell(self, message: Started | Finished, submission: Submission) -> None:
        """Nobody listens."""

    def clear(self, submission: Submission, attempts: Sequence[AttemptKey]) -> bool:
        self.cleared[submission.run] = attempts
        return True


@dataclass
class Place:
    """The desk with what it stands on."""

    settings: EnvironmentSettings
    rows: WorldRows = field(default_factory=WorldRows)
    outside: Outside = field(default_factory=Outside)
    inputs: Inputs = field(default_factory=Inputs)
    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        offers = market(self.settings, load_catalog())
        self.rules: Rules = environment_rules(self.settings, offers)
        self.surroundings = Surroundings(
            rows=self.rows,
            executor=self.outside,
            bus=self.outside,
            switch=self.outside,
            witness=self.outside,
            cleaner=self.outside,
            recorder=lambda commit: None,
        )
        self.desk = Desk(
            environment="dev",
            urgent={name: team.urgent_subjects for name, team in self.settings.platform.teams.items()},
            budget=lambda team: most_of_a_day(self.settings, team),
            offers=offers,
            rules=self.rules,
            surroundings=self.surroundings,
            index=self.rows,
            specs=Specs(),
            inputs=self.inputs,
            clock=lambda: self.now,
        )

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def dispatch(self, run: RunKey) -> None:
        now = Now(self.now.date().isoformat(), round(self.now.timestamp() * 1000))
        self.surroundings.run(dispatching.dispatch(run, now=now, rules=self.rules))

    def finish(self, order: Order, end: Any = "succeeded", *, used: Any = (), seconds: float = 60) -> None:
        """An attempt ran from now on for so long, and used that; the run goes on."""
        started = round(self.now.timestamp() * 1000)
        attempt = order.node.last_attempt
        self.surroundings.run(observing.started(Started(attempt, started)))
        self.wait(seconds=seconds)
        ended = round(self.now.timestamp() * 1000)
        message = Finished(attempt, end, used=used, started_ms=started, ended_ms=ended)
        self.surroundings.run(observing.finished(message, now_ms=ended, opened=self.rules.opened))
        self.dispatch(attempt.run)
