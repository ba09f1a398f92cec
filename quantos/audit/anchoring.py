"""Keeps the end of a chain once an hour, where its writer cannot write, and reads what was kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import ValidationError

from quantos.audit.chain import ChainObject, Fault, StoredLink, chain_of, digest_matches, generation_number, read_link
from quantos.audit.ports import AnchorStore, ChainStore
from quantos.audit.succession import successions
from quantos.contracts.audit import Anchor
from quantos.errors import AuditError

LOOK_BACK: Final = timedelta(days=7)
HOUR: Final = "%Y-%m-%dT%H"
"""What an anchor is called by, in UTC."""


@dataclass(frozen=True)
class AnchoringService:
    """Anchors one chain, whichever of its generations goes on. Key of an anchor: (chain, hour)."""

    store: ChainStore
    anchors: AnchorStore
    chain: str

    def anchor(self, moment: datetime) -> Anchor | None:
        """Keep the chain's last link for the hour of `moment`, and return what is kept; None while there is no link.

        Raises:
            AuditError: what ends the chain is no link, or the link that was anchored last is another by now; nothing
                is kept then. A store failed; doing it again is safe.
        """
        hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        current = [self.chain, *(begun.succession.opens for begun in successions(self.store, self.chain))][-1]
        newest = self.anchors.newest(self.chain, since=hour - LOOK_BACK)
        if newest is not None and newest.chain == current:
            self._hold_to(newest)
        last = self.store.head(current, after=0 if newest is None or newest.chain != current else newest.sequence - 1)
        if last == 0:
            return None
        link = self._link(current, last)
        anchor = Anchor(chain=current, sequence=link.sequence, digest=link.digest, hour=hour)
        return anchor if self.anchors.put(anchor) else self.anchors.newest(self.chain, since=hour)

    def _hold_to(self, anchor: Anchor) -> None:
        link = self._link(anchor.chain, anchor.sequence)
        if link.digest != anchor.digest:
            raise AuditError(
                f"link {anchor.sequence} of {anchor.chain} is another than at {anchor.hour:%Y-%m-%d %H:00} UTC",
                remedy="Run `quantos audit verify`.",
            )

    def _link(self, chain: str, sequence: int) -> StoredLink:
        place, content = next(self.store.contents(chain, after=sequence - 1), (0, b""))
        link = read_link(content)
        if place != sequence or isinstance(link, str) or link.sequence != sequence or not digest_matches(link):
            raise AuditError(f"link {sequence} of {chain} is not there", remedy="Run `quantos audit verify`.")
        return link


def read_anchors(objects: Iterable[ChainObject], *, chain: str) -> tuple[list[Anchor], list[Fault]]:
    """The anchors of a chain in order of their hours, and what is wrong with them."""
    anchors: list[Anchor] = []
    faults: list[Fault] = []
    for item in objects:
        try:
            anchor = Anchor.model_validate_json(item.content)
        except ValidationError as exc:
            faults.append(_changed(chain, f"{item.name} is not an anchor: {exc.errors()[0]['msg']}"))
            continue
        faults += [_changed(chain, reason) for reason in _complaints(item, anchor, anchors, chain=chain)]
        anchors.append(anchor)
    return anchors, faults


def _complaints(item: ChainObject, anchor: Anchor, before: Sequence[Anchor], *, chain: str) -> list[str]:
    reasons: list[str] = []
    if anchor.hour.astimezone(UTC).strftime(HOUR) != item.name or chain_of(anchor.chain) != chain:
        reasons.append(f"{item.name} states another hour or chain")
    if item.versions != 1 or item.hidden:
        reasons.append(f"{item.name} was written again or marked as deleted; what was written first counts")
    if before and _order(anchor) < _order(before[-1]):
        reasons.append(f"{item.name} states an earlier end than the hour before")
    return reasons


def _order(anchor: Anchor) -> tuple[int, int]:
    return generation_number(anchor.chain), anchor.sequence


def _changed(chain: str, reason: str) -> Fault:
    return Fault("anchors changed", chain, 0, f"anchor {reason}")
