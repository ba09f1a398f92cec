"""Every state that handlers can bring about between them, each cut off, repeated and overtaken anywhere.

A world is what is kept, what runs, and handlers on their way: each is its request and the answers that it was given,
so that a handler is taken up again by asking a new one the same. From every world each handler may do its next effect
or be gone, each message may come (again), attempts may start, end and be told of. So many handlers are on their way at
most.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol import effects as fx
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Node, Outgoing, Row, RunKey, Started, Submission

Request: TypeAlias = tuple[str, Any]
"""What a handler is asked: its name and its argument."""
Handlers: TypeAlias = Callable[[Request], fx.Steps[Any]]
Job: TypeAlias = str
"""`running`, `forgotten`, or how it ended."""


@dataclass(frozen=True)
class World:
    """What there is at a moment."""

    rows: frozenset[tuple[str, Row]] = frozenset()
    jobs: frozenset[tuple[AttemptKey, Job]] = frozenset()
    messages: frozenset[Started | Finished] = frozenset()
    cleared: frozenset[RunKey] = frozenset()
    asked: frozenset[Request] = frozenset()
    busy: tuple[tuple[Request, tuple[Any, ...]], ...] = ()

    def table(self) -> dict[str, Row]:
        return dict(self.rows)

    def with_rows(self, table: Mapping[str, Row]) -> "World":
        return replace(self, rows=frozenset(table.items()))

    def with_job(self, attempt: AttemptKey, job: Job) -> "World":
        return replace(self, jobs=frozenset({**dict(self.jobs), attempt: job}.items()))


@dataclass(frozen=True, kw_only=True)
class Model:
    """What may happen.

    Attributes:
        requests: what people ask, each as often as they like.
        once: what people may ask, or not.
        clears: whether runs that have ended are cleared.
        ends: how attempts may end.
        used: what an attempt used that ended so.
        most_busy: handlers at a time.
    """

    handlers: Handlers
    requests: Sequence[Request]
    once: Sequence[Request] = ()
    clears: bool = False
    ends: Sequence[str] = ("succeeded",)
    used: Callable[[AttemptKey, str], tuple[tuple[str, Amount], ...]]
    most_busy: int = 2

    def following(self, world: World) -> Iterator[World]:
        """Every world that may come next."""
        yield from self._coming(world)
        yield from self._running(world)
        for number, (request, answers) in enumerate(world.busy):
            others = world.busy[:number] + world.busy[number + 1 :]
            yield replace(world, busy=others)
            given, effect = self._next(request, answers)
            if effect is None:
                yield replace(world, busy=others, messages=world.messages - {request[1]})
            else:
                answer, after = done(world, effect)
                yield with_busy(replace(after, busy=others), request, (*given, answer))

    def _coming(self, world: World) -> Iterator[World]:
        if len(world.busy) >= self.most_busy:
            return
        runs = [row for _, row in world.rows if isinstance(row, Submission)]
        come = [
            *self.requests,
            *(request for request in self.once if request not in world.asked),
            *(("work", row.run) for row in runs),
            *(("clear", row.run) for row in runs if self.clears and row.ended is not None),
            *(("event", message) for message in world.messages),
        ]
        for request in come:
            asked = world.asked | {request} if request in self.once else world.asked
            yield with_busy(replace(world, asked=asked), request, ())

    def _running(self, world: World) -> Iterator[World]:
        for attempt, job in world.jobs:
            if job == "running":
                yield replace(world, messages=world.messages | {Started(attempt)})
                yield from (world.with_job(attempt, end) for end in self.ends)
            elif job != "forgotten":
                message = Finished(attempt, job, self.used(attempt, job))
                yield replace(world, messages=world.messages | {message})

    def _next(self, request: Request, answers: tuple[Any, ...]) -> tuple[tuple[Any, ...], fx.Effect | None]:
        """The next effect that others could notice, and the answers up to it; None where the handler is at its end.

        What others cannot notice is done at once: messages are taken to come at any time, sent or not.
        """
        handler = self.handlers(request)
        try:
            effect = next(handler)
            for answer in answers:
                effect = handler.send(answer)
            while unnoticed(effect):
                answers = (*answers, False)
                effect = handler.send(False)
        except StopIteration:
            return answers, None
        return answers, effect


def unnoticed(effect: fx.Effect) -> bool:
    """Whether no other handler can see that it was done."""
    return isinstance(effect, fx.Send | fx.Tell | fx.AskPaused) or (isinstance(effect, fx.Commit) and not effect.writes)


def with_busy(world: World, request: Request, answers: tuple[Any, ...]) -> World:
    """With one more handler on its way."""
    return replace(world, busy=tuple(sorted((*world.busy, (request, answers)), key=hash)))


def done(world: World, effect: fx.Effect) -> tuple[object, World]:
    """The answer to an effect, and the world after it."""
    table, jobs = world.table(), dict(world.jobs)
    match effect:
        case fx.Load(keys):
            return tuple(table.get(key) for key in keys), world
        case fx.LoadNodes(run, digest):
            nodes = [row for row in table.values() if isinstance(row, Node) and (row.run, row.digest) == (run, digest)]
            return tuple(sorted(nodes, key=lambda node: node.id)), world
        case fx.Commit():
            return committed(world, effect)
        case fx.PutNodes(nodes):
            missing = {node.key: replace(node, version=1) for node in nodes if node.key not in table}
            return None, world.with_rows({**table, **missing})
        case fx.Create(order):
            attempt = order.node.last_attempt
            return None, world if attempt in jobs else world.with_job(attempt, "running")
        case fx.Stop(attempt):
            stopped = jobs.get(attempt, "running") == "running"
            return None, world.with_job(attempt, "cancelled") if stopped else world
        case fx.Tell():
            return None, world
        case fx.Clear(submission):
            return True, replace(world, cleared=world.cleared | {submission.run})
        case fx.Acknowledge(attempt):
            return None, world.with_job(attempt, "forgotten") if attempt in jobs else world
    raise AssertionError(effect)


def committed(world: World, effect: fx.Commit) -> tuple[bool, World]:
    """Whether a commit was made, and the world after it."""
    table = world.table()
    for write in effect.writes:
        current = table.get(write.row.key)
        if (current is None) != write.new or (current is not None and current.version != write.row.version):
            return False, world
    for row in effect.removes:
        if row.key not in table or table[row.key].version != row.version:
            return False, world
    kept = [write.row for write in effect.writes if not isinstance(write.row, Outgoing)]
    written = {row.key: replace(row, version=row.version + 1) for row in kept}
    gone = {row.key for row in effect.removes}
    return True, world.with_rows({key: row for key, row in {**table, **written}.items() if key not in gone})


@dataclass(frozen=True)
class Graph:
    """All worlds, each with those that may follow it."""

    worlds: Mapping[World, tuple[World, ...]]

    def stuck(self, good: Callable[[World], bool]) -> list[World]:
        """Worlds from which no good one is ever reached."""
        before: dict[World, list[World]] = {world: [] for world in self.worlds}
        for world, following in self.worlds.items():
            for after in following:
                before[after].append(world)
        reached = {world for world in self.worlds if good(world)}
        open_worlds = deque(reached)
        while open_worlds:
            for earlier in before[open_worlds.popleft()]:
                if earlier not in reached:
                    reached.add(earlier)
                    open_worlds.append(earlier)
        return [world for world in self.worlds if world not in reached]


def explored(model: Model, check: Callable[[World, World], None], *, first: World, most: int) -> Graph:
    """All worlds that follow from a first one; `check` sees each step.

    Raises:
        OverflowError: there are more than `most`.
    """
    worlds: dict[World, tuple[World, ...]] = {}
    open_worlds = deque([first])
    seen = {first: first}
    while open_worlds:
        world = open_worlds.popleft()
        following = []
        for after in model.following(world):
            check(world, after)
            known = seen.setdefault(after, after)
            if known is after:
                open_worlds.append(after)
            following.append(known)
        worlds[world] = tuple(following)
        if len(seen) > most:
            raise OverflowError(f"more than {most} worlds")
    return Graph(worlds)
