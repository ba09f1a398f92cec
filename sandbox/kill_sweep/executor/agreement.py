"""What has to hold once everything is at rest, whoever was killed when."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from quantos.contracts.dag.outputs import Outputs
from quantos.orchestration.adapters.s3_logs import end_key, part_key
from quantos.orchestration.execution.outputs import DOCUMENT
from quantos.orchestration.execution.usage import used_by_day
from quantos.orchestration.protocol.rows import Finished, Started
from sandbox.kill_sweep.executor.account import BUCKET, StoryAccount, began
from sandbox.kill_sweep.executor.story import ENDS, GIVEN, KEYS, LONG, OK, OUTPUT, PROGRAMS, REQUESTS, SAID

LOST: Final = "infrastructure"
ORPHANED: Final = "whoever started this is gone\n"
"""What a launcher says whose worker was killed before it had become the program."""


def untrue(
    account: StoryAccount,
    heard: Sequence[Started | Finished],
    *,
    state: Path,
    killed: Collection[str],
) -> Iterator[str]:
    """What does not hold. `killed` are nodes whose worker was killed."""
    ran = Counter(began(account.bus))
    ends: dict[str, list[Finished]] = {node: [] for node in ENDS}
    for message in heard:
        if isinstance(message, Finished) and message not in ends[message.attempt.node]:
            ends[message.attempt.node].append(message)
    for node, different in ends.items():
        if len(different) != 1:
            yield f"{node}: {len(different)} different ends are told"
        yield from (f"{node}: {fault}" for end in different for fault in _end_faults(end, ran=ran[node], killed=killed))
    yield from _start_faults(heard)
    for node in PROGRAMS:
        for end in ends[node][:1]:
            yield from (f"{node}: {fault}" for fault in _log_faults(account, end, killed=node in killed))
    yield from _output_faults(account, ends[OK])
    yield from _state_faults(state)


def _end_faults(end: Finished, *, ran: int, killed: Collection[str]) -> Iterator[str]:
    node = end.attempt.node
    lost = node in killed and end.end == LOST
    if end.end != ENDS[node] and not lost:
        yield f"ended as {end.end} ({end.detail})"
    may_run = 1 if node in PROGRAMS else 0
    if ran > may_run:
        yield f"ran {ran} times"
    if ran < may_run and not lost and not (node == LONG and end.end == "cancelled"):
        yield f"never ran, and ended as {end.end}"
    used = ()
    if end.started_ms is not None:
        used = used_by_day(REQUESTS, started_ms=end.started_ms, ended_ms=end.ended_ms)
    if end.used != used:
        yield f"used {end.used}, and by its times {used}"
    if ran and not end.used:
        yield "ran, and used nothing"


def _start_faults(heard: Sequence[Started | Finished]) -> Iterator[str]:
    starts = Counter(message.attempt.node for message in {m for m in heard if isinstance(m, Started)})
    yield from (f"{node}: {times} different starts are told" for node, times in starts.items() if times > 1)
    yield from (f"{node}: a start is told" for node in starts if node not in PROGRAMS)


def _log_faults(account: StoryAccount, end: Finished, *, killed: bool) -> Iterator[str]:
    key, node = KEYS[end.attempt.node], end.attempt.node
    prefix = end_key(key).removesuffix("end.json")
    keys = account.keys(prefix)
    if end_key(key) not in keys:
        yield f"its log has no end: {keys}"
        return
    document = json.loads(account.body(end_key(key)))
    parts = [part_key(key, number) for number in range(document["parts"])]
    if document["end"] != end.end:
        yield f"its log says that it ended as {document['end']}"
    if sorted([*parts, end_key(key)]) != keys:
        yield f"its log has {keys}, and says {document['parts']} parts"
        return
    text = b"".join(map(account.body, parts)).decode()
    if text != SAID[node] and not (killed and (SAID[node].startswith(text) or text == ORPHANED)):
        yield f"its log is {text!r}"


def _output_faults(account: StoryAccount, ends: Sequence[Finished]) -> Iterator[str]:
    if not any(end.end == "succeeded" for end in ends):
        return
    key = f"workspaces/{KEYS[OK]}/{DOCUMENT}"
    if not account.keys(key):
        yield f"{OK}: succeeded, and what it gave is not kept"
        return
    output = Outputs.model_validate_json(account.body(key)).outputs[OUTPUT]
    body = account.body(output.uri.removeprefix(f"s3://{BUCKET}/"))
    if body.decode() != GIVEN or output.size_bytes != len(body):
        yield f"{OK}: what is kept is not what it gave: {output}"


def _state_faults(state: Path) -> Iterator[str]:
    yield from (f"a folder is left: {path.name}" for path in (state / "attempts").glob("*"))
    with sqlite3.connect(state / "attempts.sqlite") as memory:
        rows = memory.execute("select name, state, value is null from attempts").fetchall()
        (whole,) = memory.execute("pragma integrity_check").fetchone()
    memory.close()
    if whole != "ok":
        yield f"attempts.sqlite: {whole}"
    should = sorted((str(key), "acknowledged", 1) for key in KEYS.values())
    if sorted(rows) != should:
        yield f"attempts.sqlite remembers {sorted(rows)}"
