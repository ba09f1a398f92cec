"""Values that no environment's chart reads: what only one environment turns on, all of them may state."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from quantos.charts.chart import Charts
from quantos.charts.documents import Release
from quantos.charts.effects import Unread, literal_templates, stated, vain_values
from quantos.charts.installation import Installation
from quantos.charts.links.broken import BrokenLink

SIDE_BY_SIDE: Final = 2
"""Releases rendered at once: Helm's engine runs outside Python."""


@dataclass
class _Known:
    """Of one release in all environments: paths that a chart reads, and what is wrong with others, and where."""

    read: set[str] = field(default_factory=set)
    unread: dict[Unread, list[str]] = field(default_factory=dict)

    @property
    def suspects(self) -> dict[Unread, list[str]]:
        """What no environment has read so far, and where it is stated."""
        return {each: where for each, where in self.unread.items() if each.path not in self.read}


Others = Callable[[frozenset[str]], Mapping[str, Installation]]
"""Some releases, by how messages name them, in environments that were not asked for."""


def _nowhere(_releases: frozenset[str]) -> Mapping[str, Installation]:
    return {}


def unread_values(
    environments: Mapping[str, Installation], charts: Charts, *, others: Others = _nowhere
) -> Iterator[BrokenLink]:
    """Values that the charts read in none of the environments that state them, and templates that stay as they are.

    A value that was read once is not tried again. What is read in none of `environments` is tried in the `others`.
    """
    known: dict[str, _Known] = {}
    _try(environments, charts, known)
    suspected = frozenset(name for name, about in known.items() if about.suspects)
    if suspected:
        _try(others(suspected), charts, known, only_suspects=True)
    for name, about in known.items():
        for each, where in about.suspects.items():
            what = f"{each.path}: {each.what} ({', '.join(where)})"
            yield BrokenLink(kind="effect", subject=name, about=each.path, what=what, remedy=each.remedy)


def _try(
    environments: Mapping[str, Installation], charts: Charts, known: dict[str, _Known], *, only_suspects: bool = False
) -> None:
    """Add to what is known what the charts read of releases in environments."""
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as threads:
        for environment, installed in environments.items():
            for each in installed.rendered:
                known.setdefault(each.called, _Known())
            trying = partial(_tried, installed=installed, charts=charts)
            read = [_passed_over(each, known[each.called], only_suspects=only_suspects) for each in installed.rendered]
            tried = threads.map(trying, installed.rendered, read)
            for release, unread in zip(installed.rendered, tried, strict=True):
                about = known[release.called]
                about.read |= stated(release.values) - {each.path for each in unread}
                for each in unread:
                    if each in about.unread or not only_suspects:
                        about.unread.setdefault(each, []).append(environment)


def _passed_over(release: Release, about: _Known, *, only_suspects: bool) -> frozenset[str]:
    if not only_suspects:
        return frozenset(about.read)
    return stated(release.values) - {each.path for each in about.suspects}


def _tried(release: Release, read: AbstractSet[str], *, installed: Installation, charts: Charts) -> list[Unread]:
    chart = charts.chart(release.chart)
    if chart is None:
        return []
    with installed.renderer.opened(release, chart) as render:
        literal = list(literal_templates(release.values, render(release.values)))
        return [*literal, *vain_values(release.values, chart.values.shown, render, read=read)]
