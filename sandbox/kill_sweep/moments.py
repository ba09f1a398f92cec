"""What a resize does that outlasts it, and the moments of it at which to kill: pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Final, Literal, TypeAlias, get_args

Phase: TypeAlias = Literal["before", "in", "after"]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)

_VARYING: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{8,}|\d{6,}|(?<=-)[0-9a-f]{7}\b")


@dataclass(frozen=True, order=True)
class Effect:
    """The `occurrence`-th effect of this name in one run, from 1; names leave out what differs from run to run."""

    name: str
    occurrence: int

    def __str__(self) -> str:
        return f"{self.name} #{self.occurrence}"


@dataclass(frozen=True, order=True)
class Moment:
    """When to kill.

    `before`: the effect is asked for and does not come about. `in`: it is under way; a call has reached the account
    and comes about after the death of its caller, a file is half written. `after`: it is there, and nothing after it.
    """

    effect: Effect
    phase: Phase

    def __str__(self) -> str:
        return f"{self.phase} {self.effect}"


@dataclass(frozen=True)
class Point:
    """One trial: a kill in the first run and, in a pair, another in the run that recovers from it."""

    number: int
    first: Moment
    second: Moment | None = None


def steady_name(text: str) -> str:
    """`text` with ids, digests and times replaced by a star."""
    return _VARYING.sub("*", text)


def counted(names: Sequence[str]) -> tuple[Effect, ...]:
    """Effects by the order in which their names came."""
    seen: Counter[str] = Counter()
    effects = []
    for name in names:
        seen[name] += 1
        effects.append(Effect(name, seen[name]))
    return tuple(effects)


def recurring(recorded: Sequence[Effect], again: Sequence[Effect]) -> tuple[Effect, ...]:
    """Effects that came in both of two recordings.

    One that did not comes by the clock, as a renewal of the lease does on a slow machine, and may not come again.
    """
    return tuple(effect for effect in recorded if effect in set(again))


def single_points(effects: Sequence[Effect]) -> tuple[Point, ...]:
    """Every effect in every phase, numbered from 1."""
    moments = (Moment(effect, phase) for effect in effects for phase in PHASES)
    return tuple(Point(number, moment) for number, moment in enumerate(moments, start=1))


def paired_points(
    singles: Sequence[Point], recoveries: Mapping[int, Sequence[Effect]], *, rng: Random, after: int
) -> tuple[Point, ...]:
    """A pair for each single point whose recovery has an effect, at a moment of it drawn from `rng`.

    Args:
        singles: points tried before, in order.
        recoveries: the effects of the first run after each, by the point's number.
        after: the last number given away.
    """
    return tuple(_paired(singles, recoveries, rng=rng, after=after))


def _paired(
    singles: Sequence[Point], recoveries: Mapping[int, Sequence[Effect]], *, rng: Random, after: int
) -> Iterator[Point]:
    for point in singles:
        if effects := recoveries.get(point.number, ()):
            after += 1
            yield Point(after, point.first, Moment(rng.choice(sorted(effects)), rng.choice(PHASES)))


def one_an_effect(singles: Sequence[Point]) -> tuple[Point, ...]:
    """One point of each effect, the phase changing from effect to effect; what pairs start from."""
    by_effect = [list(group) for _, group in groupby(singles, key=lambda point: point.first.effect)]
    return tuple(group[place % len(group)] for place, group in enumerate(by_effect))


def first_word(effect: Effect) -> str:
    """Of its name: what does it, or who."""
    return effect.name.split()[0]


def sampled(
    points: Sequence[Point], count: int, *, rng: Random, kind: Callable[[Effect], str] = first_word
) -> tuple[Point, ...]:
    """At most `count` points in order, drawn from `rng`, of as many kinds of effect and phases as can be.

    The same draw gives the same moments where effects came in another order.
    """
    kinds: dict[tuple[str, Phase], list[Point]] = {}
    for point in points:
        kinds.setdefault((kind(point.first.effect), point.first.phase), []).append(point)
    groups = [rng.sample(sorted(kinds[of], key=_words), len(kinds[of])) for of in sorted(kinds)]
    rng.shuffle(groups)
    drawn = [group[turn] for turn in range(max(map(len, groups), default=0)) for group in groups if turn < len(group)]
    return tuple(sorted(drawn[:count], key=lambda point: point.number))


def _words(point: Point) -> str:
    return str(point.first)
