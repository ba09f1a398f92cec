"""What a verification showed, in the words it is told with."""

from dataclasses import dataclass

from quantos.audit.chain import EMPTY, Begun, Fault, Head
from quantos.contracts.audit import Anchor


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What reading a chain and its successors showed.

    `chain` is the newest generation and `head` its last good link; `links` counts the good links of all generations.
    `closed` says that the newest ends in a closing link, and that nothing goes on yet.
    `anchors` counts the anchors that agree, `newest_anchor` is the last of them; of `hours_unanchored` between the
    first and the last that are kept there is none.
    """

    chain: str
    head: Head
    links: int
    faults: tuple[Fault, ...] = ()
    successions: tuple[Begun, ...] = ()
    closed: bool = False
    anchors: int = 0
    newest_anchor: Anchor | None = None
    hours_unanchored: int = 0

    @property
    def intact(self) -> bool:
        """Whether every link is in its place and unchanged, and nothing else is there."""
        return not self.faults

    @property
    def anchor(self) -> str | None:
        """What to keep elsewhere, for `quantos audit verify --anchor`; None for a chain without links."""
        return None if self.head == EMPTY else f"{self.chain}/{self.head.sequence}:{self.head.digest}"

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything for a reader, the verdict first; what no terminal should be told stands as its escape."""
        return tuple(line if line.isprintable() else _printable(line) for line in self._lines)

    @property
    def _lines(self) -> tuple[str, ...]:
        return (
            self.sentence,
            *(f"Chain {fault.chain}: {fault.sentence}." for fault in self.faults[1:]),
            *(begun.sentence for begun in self.successions),
            *((f"Chain {self.chain} is closed: what is appended next begins its successor.",) if self.closed else ()),
            self._anchored,
            *((self._unanchored,) if self.hours_unanchored else ()),
        )

    @property
    def sentence(self) -> str:
        """The verdict with the first fault for a reader."""
        if not self.faults:
            return f"Chain {self.chain} is intact: {self.links} links, head {self.head.digest[:12]}."
        fault = self.faults[0]
        good = f" (links 1 to {fault.sequence - 1} are good)" if fault.sequence > 1 else ""
        return f"Chain {fault.chain}: {fault.sentence}{good}."

    @property
    def _anchored(self) -> str:
        if self.newest_anchor is None:
            return "No anchor agrees with the chain: what is gone from its end shows only while the table knows it."
        newest = self.newest_anchor
        return (
            f"{self.anchors} anchors agree, the newest of {newest.hour:%Y-%m-%d %H:00} UTC"
            f" at link {newest.sequence} of {newest.chain}."
        )

    @property
    def _unanchored(self) -> str:
        return (
            f"Between the first anchor and the last, no anchor is kept of {self.hours_unanchored} hours:"
            " the function that keeps them did not run, or they were removed."
        )


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
