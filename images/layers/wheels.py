"""What was installed of a lock: names, versions, licences, and which wheel of the lock each came from."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict

from images.errors import ImageError
from images.layers.component import Component

_RUNS: Final = re.compile(r"[-_.]+")
_CLASSIFIER: Final = "License :: "
_SHORT: Final = 120
"""What is longer is a licence's text, and not its name."""


class _Wheel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str = ""
    hash: str = ""


class _Package(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    version: str = ""
    wheels: tuple[_Wheel, ...] = ()


class _Lock(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    package: tuple[_Package, ...] = ()


@dataclass(frozen=True)
class LockedWheels:
    """Wheels of a lock by project and version."""

    by_package: Mapping[tuple[str, str], tuple[_Wheel, ...]]

    def sha256(self, name: str, version: str, tags: frozenset[str]) -> str:
        """The digest of the wheel with these tags, in hex; empty where no wheel, or more than one, has them."""
        wheels = self.by_package.get((normal(name), version), ())
        fits = wheels if len(wheels) == 1 else [wheel for wheel in wheels if _tags_of(wheel.url) == tags]
        return fits[0].hash.removeprefix("sha256:") if len(fits) == 1 else ""

    def version(self, name: str) -> str:
        """The one version of a project. Raises ImageError where there is none, or several."""
        versions = sorted({version for project, version in self.by_package if project == normal(name)})
        if len(versions) != 1:
            raise ImageError(f"uv.lock has {', '.join(versions) or 'no version'} of {name}", remedy="lock one version")
        return versions[0]


def read_lock(file: Path) -> LockedWheels:
    """The wheels that a lock of uv names. Raises ImageError where it cannot be read."""
    try:
        lock = _Lock.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as exc:
        raise ImageError(f"{file} cannot be read: {exc}", remedy="run uv lock") from exc
    return LockedWheels({(normal(package.name), package.version): package.wheels for package in lock.package})


def python_components(folder: Path, locked: LockedWheels) -> tuple[Component, ...]:
    """The distributions that are installed in a folder, in alphabetical order."""
    components = [_component(info, locked) for info in folder.glob("*.dist-info")]
    return tuple(sorted(components, key=lambda component: component.name))


def normal(name: str) -> str:
    """A project's name as indices know it."""
    return _RUNS.sub("-", name).lower()


def _component(info: Path, locked: LockedWheels) -> Component:
    metadata = _headers(info / "METADATA")
    name, version = normal(str(metadata["Name"])), str(metadata["Version"])
    wheel = _headers(info / "WHEEL")
    tags = frozenset(str(tag) for tag in wheel.get_all("Tag", []))
    expression = str(metadata.get("License-Expression", ""))
    return Component(
        kind="library",
        name=name,
        version=version,
        purl=f"pkg:pypi/{name}@{version}",
        licence=expression,
        licence_text="" if expression else _licence(metadata),
        sha256=locked.sha256(name, version, tags),
    )


def _licence(metadata: Message) -> str:
    """Named by classifiers, else by the old field where that holds a name."""
    stated = [str(line) for line in metadata.get_all("Classifier", [])]
    named = sorted(line.rpartition(" :: ")[2] for line in stated if line.startswith(_CLASSIFIER))
    text = str(metadata.get("License", "")).strip()
    return " AND ".join(named) or (text if len(text) <= _SHORT and "\n" not in text else "")


def _headers(file: Path) -> Message:
    return message_from_string(file.read_text(encoding="utf-8")) if file.is_file() else Message()


def _tags_of(url: str) -> frozenset[str]:
    """The tags that a wheel's name packs together, each by itself."""
    stem = unquote(url.rpartition("/")[2]).removesuffix(".whl")
    return frozenset(_expanded(*stem.split("-")[-3:])) if stem.count("-") >= 4 else frozenset()


def _expanded(python: str, abi: str, platform: str) -> Iterator[str]:
    for one_python in python.split("."):
        for one_abi in abi.split("."):
            for one_platform in platform.split("."):
                yield f"{one_python}-{one_abi}-{one_platform}"
