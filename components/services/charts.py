"""The charts of the platform's services, each pinned: the one place where a version is raised."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of a Helm repository."""

    name: str
    version: str
    repository: str


KEDA = Chart(name="keda", version="2.20.2", repository="https://kedacore.github.io/charts")
