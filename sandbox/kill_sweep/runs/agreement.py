"""What has to hold once everything is at rest, whoever was killed when."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from lambdas import records as batches
from lambdas.orchestration import Composed
from quantos.audit.adapters.composition import compose_intake, compose_store
from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.messaging.adapters.memory import MemoryBus
from quantos.orchestration.evidence.balances import balances, movement
from quantos.orchestration.ledger.accounts import Account as LedgerAccount
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.protocol.rows import AccountRow, Submission, account_key, submission_key
from sandbox.events.events import Account, msk_event
from sandbox.kill_sweep.runs.executor import StoryExecutor
from sandbox.kill_sweep.runs.story import RUNS

_PUBLISHED = ("models/", "reports/")
_OF_ANSWERS = ("submission_id", "run", "digest", "pipeline_id", "routing", "expected_usd")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """How everything stands. It has to be the same whoever was killed.

    Attributes:
        answers: what people were told, without what differs by the moment.
        ended: how each run ended.
        began: attempts that ran, each with how often.
        nodes: of each node its state, and how its attempts ended.
        published: objects of models and reports, with their hashes.
        lineage: events by their names.
        records: how many records of the chain there are of each kind that is told once for good.
    """

    answers: tuple[str, ...]
    ended: tuple[tuple[str, str | None], ...]
    began: tuple[tuple[str, int], ...]
    nodes: tuple[tuple[str, str, tuple[str, ...]], ...]
    published: tuple[tuple[str, str], ...]
    lineage: tuple[str, ...]
    records: tuple[tuple[str, int], ...]


def facts(
    composed: Composed, executor: StoryExecutor, *, bus: MemoryBus, answers: Sequence[tuple[int, bytes]]
) -> Facts:
    """How everything stands now, the audit chain written."""
    write_chain(composed, bus)
    submissions = [row for row in composed.rows.load([submission_key(run) for run in RUNS]) if row is not None]
    runs = [row for row in submissions if isinstance(row, Submission)]
    nodes = [node for row in runs for node in composed.rows.load_nodes(row.run, row.digest)]
    return Facts(
        answers=tuple(map(_lasting, answers)),
        ended=tuple((str(row.run), row.ended) for row in runs),
        began=tuple(sorted(executor.began.items())),
        nodes=tuple((str(node.last_attempt), node.state, node.ends) for node in nodes),
        published=tuple(_objects(composed, *_PUBLISHED)),
        lineage=tuple(key for key, _ in _objects(composed, "lineage/")),
        records=tuple(sorted(_told_once(chain(composed)))),
    )


def untrue(composed: Composed, executor: StoryExecutor, standing: Facts) -> Iterator[str]:
    """What does not hold."""
    yield from (f"{name} ran {times} times" for name, times in standing.began if times != 1)
    yield from (f"{kind} is told {times} times" for kind, times in standing.records if times != 1)
    yield from (f"a message waits: {row.id}" for row in composed.rows.outgoing())
    records = chain(composed)
    recorded = balances(records)
    yield from recorded.faults
    accounts = [_account(composed, key) for key in sorted(recorded.accounts)]
    yield from (f"{row} is not what records tell" for row in accounts if recorded.accounts[row.team, row.day] != row)
    yield from (f"{row.team}/{row.day} holds {row.held}" for row in accounts if row.held != NOTHING)
    yield from (f"{row.team}/{row.day} has drawn {row.drawn}" for row in accounts if row.drawn != NOTHING)
    settled = sum((row.settled for row in accounts), Amount())
    if settled != executor.used:
        yield f"{settled} is settled, and {executor.used} was used"


def differences(standing: Facts, facts: Facts) -> Iterator[str]:
    """What stands otherwise than it should."""
    for field in fields(Facts):
        should, does = getattr(standing, field.name), getattr(facts, field.name)
        if should != does:
            yield f"{field.name}: missing {sorted(set(should) - set(does))}, too many {sorted(set(does) - set(should))}"


def chain(composed: Composed) -> list[AuditRecord]:
    """The records of the chain, in order."""
    settings = composed.current.settings
    return [link.record for link in compose_store(settings).links(settings.names().audit_chain)]


def write_chain(composed: Composed, bus: MemoryBus) -> None:
    """Write every record that was ever sent into the chain, as the audit function does."""
    current = composed.current
    account = Account(environment="dev", account_id=current.settings.account_id, region=current.settings.region)
    event = msk_event(bus.records(topics.AUDIT_RECORDS), account=account, bootstrap_servers="memory:0")
    compose_intake(current.settings, publisher=current.publisher).take(tuple(batches.decoded(event)))


def _account(composed: Composed, key: tuple[str, str]) -> LedgerAccount:
    (row,) = composed.rows.load([account_key(*key)])
    if not isinstance(row, AccountRow):
        return LedgerAccount(team=key[0], day=key[1], budget=NOTHING)
    return row.account


def _lasting(answer: tuple[int, bytes]) -> str:
    body = json.loads(answer[1])
    return json.dumps({name: body.get(name) for name in _OF_ANSWERS if name in body})


def _objects(composed: Composed, *prefixes: str) -> Iterator[tuple[str, str]]:
    client, bucket = composed.objects.client, composed.objects.bucket
    for prefix in prefixes:
        for item in client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            yield item.get("Key", ""), item.get("ETag", "")


def _told_once(records: Sequence[AuditRecord]) -> Iterator[tuple[str, int]]:
    """Ends of runs, and publications."""
    ends = [
        f"end of {record.subject}"
        for record in records
        if (change := movement(record)) is not None and change.ended is not None and not change.cleared
    ]
    publications = [f"publication {record.subject}" for record in records if record.kind == "publication"]
    yield from Counter([*ends, *publications]).items()
