"""What a program installs, written to a folder for others to render and apply: a file per release and per object."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml

from quantos.charts.documents import Document, Json, Recorded, Release, named, text
from quantos.errors import ChartsError
from quantos.translation import FILES, translated

INDEX_FILE = "index.yaml"
_CLUSTER = "cluster"


def write_manifests(recorded: Recorded, folder: Path, *, stack: str) -> list[Path]:
    """Write releases, objects and an index of both, in the order in which they can be applied; give the files.

    A file is `releases/<namespace>/<name>/release.yaml` or `objects/<namespace or "cluster">/<kind>-<name>.yaml`.

    Raises:
        ChartsError: the folder holds something already or cannot be written, or two objects have one kind, namespace
            and name.
    """
    with _writing(folder):
        if folder.exists() and any(folder.iterdir()):
            raise ChartsError(
                f"{folder} is not empty", remedy="give a new folder: what is old there would be taken for new"
            )
    written: dict[str, Document] = {}
    releases: list[Json] = [_entry(written, _release_path(each), _release(each)) for each in recorded.releases]
    objects: list[Json] = [_entry(written, _object_path(each), each) for each in recorded.objects]
    written[INDEX_FILE] = {"stack": stack, "releases": releases, "objects": objects}
    with _writing(folder):
        for name, document in written.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=False), encoding="utf-8")
    return [folder / name for name in written]


def _writing(folder: Path) -> AbstractContextManager[None]:
    return translated(
        FILES, into=ChartsError, what=f"{folder} cannot be written", remedy="give a new folder that you may write to"
    )


def _entry(written: dict[str, Document], path: str, document: Document) -> Document:
    if path in written:
        raise ChartsError(f"two objects would be {path}", remedy="give them different names")
    written[path] = document
    if path.startswith("releases/"):
        return {key: document[key] for key in ("namespace", "name", "chart", "version")} | {"path": path}
    about: Document = {"apiVersion": document.get("apiVersion"), "kind": document.get("kind")}
    return {**about, "namespace": named(document, "namespace"), "name": named(document, "name"), "path": path}


def _release_path(release: Release) -> str:
    return f"releases/{release.namespace}/{release.name}/release.yaml"


def _object_path(manifest: Document) -> str:
    group = text(manifest.get("apiVersion")).rpartition("/")[0]
    kind = text(manifest.get("kind")).lower()
    place = named(manifest, "namespace") or _CLUSTER
    return f"objects/{place}/{kind}{f'.{group}' if '.' in group else ''}-{named(manifest, 'name')}.yaml"


def _release(release: Release) -> Document:
    return {
        "chart": release.chart,
        "version": release.version,
        "repository": release.repository,
        "name": release.name,
        "namespace": release.namespace,
        "values": release.values,
    }


class _Dumper(yaml.SafeDumper):
    """Without anchors, which some readers do not follow."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401  the library's own signature
        del data
        return True
