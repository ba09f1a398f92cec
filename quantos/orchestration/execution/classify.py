"""How an attempt ended, by what is known of it: which of its budgets it was at the cost of."""

import signal
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from quantos.orchestration.execution.words import bounded

End: TypeAlias = Literal["succeeded", "cancelled", "preempted", "infrastructure", "failure", "unknown"]
_CRASHES: Final = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP", "SIGPIPE"})
_BY_SHELL: Final = 128
"""A shell says by an exit code above it which signal ended what it ran."""


@dataclass(frozen=True, kw_only=True)
class ExitFacts:
    """What is known of an end, each by its own evidence.

    Attributes:
        exit_code: of the program; None where it has none: it was ended by a signal, or nobody saw it end.
        signal: the number of the signal that ended it.
        stopped: it was asked to end because its run was, before it had.
        preempted: the notice by which its node was taken away; "" where there was none.
        lost: why what ran it is gone, such as a node that answers no more; "" where it is not.
        not_started: why it could not be started; "" where it could.
        limit: the limit that it was ended for; "" where it was not.
        fault: what is wrong with what it gave, such as a missing output; "" where nothing is.
        said: what it said last.
    """

    exit_code: int | None = None
    signal: int | None = None
    stopped: bool = False
    preempted: str = ""
    lost: str = ""
    not_started: str = ""
    limit: str = ""
    fault: str = ""
    said: str = ""


def classify(facts: ExitFacts) -> tuple[End, str]:
    """How an attempt ended, and why, for people, in words of bounded length.

    A signal or exit code 137 alone says nothing of who sent it: memory, eviction and deadline look alike.
    """
    end, why = _judged(facts)
    return end, bounded(why)


def _judged(facts: ExitFacts) -> tuple[End, str]:
    stated = _stated(facts)
    if stated is not None:
        return stated
    if facts.exit_code == 0:
        return ("failure", facts.fault) if facts.fault else ("succeeded", "")
    name = _signal_name(facts)
    if name in _CRASHES:
        return "failure", _with_words(f"ended by {name}", facts.said)
    if name:
        return "unknown", _with_words(f"ended by {name}, and nobody says that they sent it", facts.said)
    if facts.exit_code is None:
        return "unknown", _with_words("nobody saw how it ended", facts.said)
    return "failure", _with_words(f"exit code {facts.exit_code}", facts.said)


def _stated(facts: ExitFacts) -> tuple[End, str] | None:
    """What somebody says who ended it, or who could not begin it."""
    if facts.stopped:
        return "cancelled", "stopped, as its run was asked to end"
    if facts.preempted:
        return "preempted", facts.preempted
    if facts.limit:
        return "failure", facts.limit
    if facts.not_started or facts.lost:
        return "infrastructure", facts.not_started or facts.lost
    return None


def _signal_name(facts: ExitFacts) -> str:
    number = facts.signal
    if number is None and facts.exit_code is not None and facts.exit_code > _BY_SHELL:
        number = facts.exit_code - _BY_SHELL
    try:
        return "" if number is None else signal.Signals(number).name
    except ValueError:
        return "" if facts.signal is None else f"signal {number}"


def _with_words(why: str, said: str) -> str:
    return f"{why}: {said}" if said else why
