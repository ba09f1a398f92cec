"""Objects that two releases bring, or a release and the program: the later one fails, or they undo each other."""

from collections.abc import Iterator

from quantos.charts.documents import called, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, Installed


def clashes(cluster: Cluster) -> Iterator[BrokenLink]:
    """Names that are declared more than once."""
    first: dict[tuple[str, str, str, str], Installed] = {}
    for each in cluster.installed:
        manifest = each.manifest
        group = text(manifest.get("apiVersion")).rpartition("/")[0]
        key = group, text(manifest.get("kind")), named(manifest, "namespace"), named(manifest, "name")
        other = first.setdefault(key, each)
        if other is not each and other.release is not each.release:
            yield BrokenLink(
                kind="clash",
                subject=called(manifest),
                about=f"{_whose(other)}, {_whose(each)}",
                what=f"{_whose(other)} and {_whose(each)} both declare it",
                remedy="let one of them bring it",
            )


def _whose(installed: Installed) -> str:
    return installed.release.called if installed.release else "the program"
