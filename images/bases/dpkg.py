"""What a Debian root says is installed in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from images.layers.component import Component

_FIELD: Final = re.compile(r"^(Package|Version|Architecture|Status|Source): (.*)$", re.MULTILINE)
_LICENCE: Final = re.compile(r"^License: (\S.*)$", re.MULTILINE)
_INSTALLED: Final = "install ok installed"


def debian_components(root: Path) -> tuple[Component, ...]:
    """The packages in alphabetical order; none where the root has no database of dpkg."""
    status = root / "var" / "lib" / "dpkg" / "status"
    if not status.is_file():
        return ()
    code = _release(root).get("VERSION_CODENAME", "")
    text = status.read_text(encoding="utf-8")
    stated = [dict(_FIELD.findall(paragraph)) for paragraph in text.split("\n\n")]
    installed = [fields for fields in stated if fields.get("Status") == _INSTALLED]
    components = [_component(root, fields, code) for fields in installed]
    return tuple(sorted(components, key=lambda component: component.name))


def _component(root: Path, fields: dict[str, str], code: str) -> Component:
    name, version = fields["Package"], fields["Version"]
    purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={fields['Architecture']}"
    return Component(
        kind="library",
        name=name,
        version=version,
        purl=f"{purl}&distro={code}" if code else purl,
        licence_text=" AND ".join(_licences(root, name)),
        properties={"source": fields["Source"]} if "Source" in fields else {},
    )


def _licences(root: Path, name: str) -> Iterator[str]:
    """Names of licences as the package's copyright states them, each once; those in prose are not read."""
    file = root / "usr" / "share" / "doc" / name / "copyright"
    if file.is_file():
        text = file.read_text(encoding="utf-8", errors="replace")
        if text.startswith("Format:"):
            yield from sorted({line.strip() for line in _LICENCE.findall(text)})


def _release(root: Path) -> dict[str, str]:
    file = root / "etc" / "os-release"
    if not file.is_file():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: value.strip('"') for name, equals, value in (line.partition("=") for line in lines) if equals}
