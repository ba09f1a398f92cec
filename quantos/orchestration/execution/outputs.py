"""What a program gave: it names files of its workspace in `outputs.json`, and nothing else is taken from it."""

import hashlib
import json
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from quantos.contracts.dag.outputs import Output, Outputs
from quantos.errors import OrchestrationError

DOCUMENT: Final = "outputs.json"
MOST_BYTES: Final = 1024 * 1024
MOST_FAULTS: Final = 20
PUBLISHED: Final = ("model_uri", "metrics_json")
"""What of a program's outputs the platform publishes."""

MOST_PUBLISHED_BYTES: Final = 512 * 2**20
"""Of one that is published: a function holds it in memory once."""

_REMEDY: Final = 'write to QUANTOS_OUTPUTS what the node declares, such as {"model_uri": "model.bin"}'


def read_outputs(workspace: Path, declared: Collection[str]) -> dict[str, Path]:
    """The files that a program names as its outputs, by name; the program has ended.

    Raises:
        OrchestrationError: with what is wrong, the first faults of many: an output that is missing or that its node
            does not declare, whatever is no file inside of the workspace, by whichever link, and a file that is too
            large to be published under its name.
    """
    names = _names(workspace) if declared or (workspace / DOCUMENT).exists() else {}
    faults = list(_name_faults(names, declared))
    files: dict[str, Path] = {}
    for name, relative in names.items():
        fault, file = _file(relative, workspace)
        files[name] = file
        fault = fault or _size_fault(name, file)
        faults += [f"{name} {fault}"] if fault else []
    if faults:
        raise OrchestrationError(_first_faults(faults), remedy=_REMEDY)
    return files


def object_output(file: Path, uri: str) -> Output:
    """What is said of a file that lies under `uri` from now on: its hash and its size."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        size = content.tell()
    return Output(type="object", uri=uri, hash=f"sha256:{digest}", size_bytes=size)


def document_of(outputs: Mapping[str, Output]) -> bytes:
    """The document of an attempt's outputs."""
    return Outputs(outputs=dict(outputs)).to_json()


def _names(workspace: Path) -> dict[str, str]:
    fault, file = _file(DOCUMENT, workspace)
    if fault:
        raise OrchestrationError(f"the program {fault}", remedy=_REMEDY)
    if file.stat().st_size > MOST_BYTES:
        raise OrchestrationError(f"outputs.json has more than {MOST_BYTES} bytes", remedy=_REMEDY)
    try:
        names = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as exc:
        raise OrchestrationError(f"outputs.json is no JSON: {exc}", remedy=_REMEDY) from exc
    if not isinstance(names, dict) or not all(isinstance(path, str) for path in names.values()):
        raise OrchestrationError("outputs.json has to give each name a path", remedy=_REMEDY)
    return names


def _name_faults(names: Mapping[str, str], declared: Collection[str]) -> Iterator[str]:
    yield from (f"{name} is missing" for name in declared if name not in names)
    yield from (f"{name!r} is given, and not declared" for name in names if name not in declared)


def _size_fault(name: str, file: Path) -> str:
    size = file.stat().st_size
    if name not in PUBLISHED or size <= MOST_PUBLISHED_BYTES:
        return ""
    return f"has {size} bytes, and is published only up to {MOST_PUBLISHED_BYTES}"


def _first_faults(faults: Sequence[str]) -> str:
    more = len(faults) - MOST_FAULTS
    return "; ".join([*faults[:MOST_FAULTS], *([f"and {more} more faults"] if more > 0 else [])])


def _file(relative: str, workspace: Path) -> tuple[str, Path]:
    """What is wrong with a path, or the file that it leads to in the end."""
    try:
        file = (workspace / relative).resolve(strict=True)
        inside = file.is_relative_to(workspace.resolve(strict=True))
        regular = stat.S_ISREG(file.stat().st_mode)
    except FileNotFoundError:
        return f"names {relative!r}, which is not there", workspace
    except (OSError, ValueError, RuntimeError) as exc:
        return f"names {relative!r}, which cannot be read: {exc}", workspace
    if not inside:
        return f"names {relative!r}, which lies outside of the workspace", workspace
    return ("" if regular else f"names {relative!r}, which is no file"), file
