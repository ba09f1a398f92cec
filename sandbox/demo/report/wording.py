"""Figures, times and spans as people read them. All times are UTC."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

DASH: Final = "\u2013"
TIMES: Final = "\u00d7"
SPACE: Final = "\u00a0"


def usd(value: float) -> str:
    """US dollars to the cent, without the unit."""
    return f"{value:,.2f}"


def percent(share: float) -> str:
    """A share of one, to two or so significant digits; what is not zero is never shown as zero."""
    if share == 0:
        return f"0{SPACE}%"
    if abs(share) < 0.0001:
        return f"under 0.01{SPACE}%"
    decimals = 2 if abs(share) < 0.01 else 1 if abs(share) < 0.1 else 0
    return f"{share:.{decimals}%}".replace("%", f"{SPACE}%")


def clock(time: datetime) -> str:
    """Hour and minute."""
    return f"{time.astimezone(UTC):%H:%M}"


def day_name(day: date) -> str:
    """A day in full."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def day_span(days: Sequence[date]) -> str:
    """First to last of some days in order, saying month and year once where they can be."""
    if not days:
        return "no days"
    first, last = days[0], days[-1]
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{DASH}{end}"
    if first.year == last.year:
        return f"{first.day} {first:%B} {DASH} {end}"
    return f"{first.day} {first:%B %Y} {DASH} {end}"


def duration(seconds: float) -> str:
    """Seconds, or minutes and seconds from two minutes on."""
    if seconds < 120:
        return f"{seconds:.1f}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{SPACE}min{SPACE}{rest}{SPACE}s"


def counted(count: int, noun: str) -> str:
    """A count with its noun, in the plural where it is not one."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
