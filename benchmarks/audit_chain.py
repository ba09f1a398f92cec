"""How long verification takes on a million links, beside bare parsing and hashing of the same bytes."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.measurement import Report, median_figure, now
from quantos.audit.chain import EMPTY, ChainObject, Fault, Head, link
from quantos.audit.ports import IndexPlace
from quantos.audit.verification import Index, Witnesses, judge
from quantos.audit.walk import DIGEST_BYTES, walk
from quantos.clock import utc_now
from quantos.contracts.audit import Anchor, AuditRecord
from quantos.contracts.base import canonical_digest
from quantos.errors import AuditError

BENCHMARK = "audit"
CHAIN = "dev"
LINKS = 1_000_000
LINKS_AN_HOUR = 60
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Chain:
    """A chain in a file, a link a line, and what the table and the anchors know of it.

    `changed` lays other contents over places, None takes them away; `digests` are those of the chain as it was written,
    `written_at` is the time of all its records.
    """

    path: Path
    digests: bytes
    written_at: str
    changed: Mapping[int, bytes | None] = field(default_factory=dict)
    strays: tuple[str, ...] = ()

    def objects(self) -> Iterator[ChainObject]:
        """What a store would hold, in order of name."""
        yield from (ChainObject(name, None, b"") for name in self.strays)
        with self.path.open("rb") as lines:
            for place, line in enumerate(lines, start=1):
                content = self.changed.get(place, line)
                if content is not None:
                    yield ChainObject(f"{place:012d}", place, content)

    def witnesses(self) -> Witnesses:
        """A table with an entry of each link, and an anchor of each hour."""
        entries = (
            IndexPlace(
                CHAIN,
                place,
                self.digest(place),
                found_by,
                (f"plan/{place:064d}", "dev-capacity", "plan", self.written_at),
            )
            for place in range(1, LINKS + 1)
            for found_by in ("record", "subject")
        )
        index = Index(heads={CHAIN: Head(LINKS, self.digest(LINKS))}, entries=entries)
        hour = utc_now().replace(minute=0, second=0, microsecond=0)
        anchors = [
            Anchor(chain=CHAIN, sequence=place, digest=self.digest(place), hour=hour)
            for place in range(LINKS_AN_HOUR, LINKS + 1, LINKS_AN_HOUR)
        ]
        return Witnesses(index=index, anchors=anchors)

    def digest(self, place: int) -> str:
        """As it was written."""
        return self.digests[DIGEST_BYTES * (place - 1) : DIGEST_BYTES * place].hex()


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Verify a chain with each fault in turn; times are of one core. Raises AuditError for a verdict that is wrong."""
    ours: list[float] = []
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        tell("writing the chain")
        chain = write_chain(Path(folder) / "chain")
        for number, (name, changed, kind) in enumerate(cases(chain) * rounds, start=1):
            tell(f"verifying {number} of {len(cases(chain)) * rounds}: {name}")
            seconds, faults = _verified(changed)
            if [fault.kind for fault in faults[:1]] != ([kind] if kind else []):
                raise AuditError(f"of the chain with {name} is said {faults[:1]}", remedy="mend the verification")
            ours.append(seconds)
            ratios.append(seconds / _parsed(chain))
    figures = (
        median_figure("seconds_per_million", ours, unit="s of one core, median of verifications"),
        median_figure("ratio_to_parsing", ratios, unit="time / that of parsing and hashing the same bytes"),
    )
    return Report(BENCHMARK, command, f"{LINKS:,} links, each fault in turn", figures, now())


def cases(chain: Chain) -> list[tuple[str, Chain, str]]:
    """Chains with one thing wrong, and the kind of the fault."""
    newest = range(LINKS - 2, LINKS + 1)
    middle = range(LINKS // 2, LINKS // 2 + 3)
    return [
        ("nothing", chain, ""),
        ("its tail rewritten", replace(chain, changed=_rewritten(chain, newest)), "tail rewritten"),
        ("its tail removed", replace(chain, changed=dict.fromkeys(newest)), "tail removed"),
        ("its middle removed", replace(chain, changed=dict.fromkeys(middle)), "middle removed"),
        ("a stray", replace(chain, strays=("0-stray",)), "stray put in"),
    ]


def write_chain(path: Path) -> Chain:
    """A chain of `LINKS` records of the length that plans' records have."""
    record = _record(0).model_dump(mode="json")
    digests, previous = bytearray(), EMPTY.digest
    with path.open("w", encoding="utf-8") as lines:
        for place in range(1, LINKS + 1):
            record["record_id"] = f"plan/{place:064d}"
            content = {"chain": CHAIN, "sequence": place, "previous_digest": previous, "record": record}
            digest = canonical_digest(content)
            json.dump({"schema_version": 1, **content, "digest": digest}, lines, separators=(",", ":"))
            lines.write("\n")
            digests += bytes.fromhex(digest)
            previous = digest
    return Chain(path, bytes(digests), record["occurred_at"])


def _record(place: int, *, actor: str = "forecast") -> AuditRecord:
    pools = ("cpu", "cpu-spot", "gpu", "gpu-spot", "memory", "network")
    return AuditRecord(
        record_id=f"plan/{place:064d}",
        chain=CHAIN,
        kind="plan",
        subject="dev-capacity",
        actor=actor,
        occurred_at=utc_now().replace(microsecond=0),
        body={
            "sequence": 1_066_887_300,
            "floors": dict.fromkeys(pools, 5),
            "ceilings": dict.fromkeys(pools, 22),
            "usd_per_hour_before": 0.8862,
            "usd_per_hour_after": 2.3142,
            "sentence": "Pool cpu rises from 1 to 5 nodes: hedging and quotes should stay under 37 vCPU. " * 3,
            "record_sha256": "a73f863bb3664fc394bc42fc36297b69113105a5f26a49498828e174625f7c0d",
        },
    )


def _rewritten(chain: Chain, places: range) -> dict[int, bytes | None]:
    """The newest links written anew, each with its digest."""
    contents: dict[int, bytes | None] = {}
    previous = chain.digest(places[0] - 1)
    for place in places:
        forged = link(_record(place, actor="mallory"), sequence=place, previous_digest=previous)
        contents[place], previous = forged.to_json(), forged.digest
    return contents


def _verified(chain: Chain) -> tuple[float, tuple[Fault, ...]]:
    witnesses = chain.witnesses()
    started = time.process_time()
    verdict = judge([walk(chain.objects(), chain=CHAIN)], witnesses)
    return time.process_time() - started, verdict.faults


def _parsed(chain: Chain) -> float:
    started = time.process_time()
    for item in chain.objects():
        json.loads(item.content)
        hashlib.sha256(item.content).hexdigest()
    return time.process_time() - started
