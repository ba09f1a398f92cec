"""The sandbox's own Pulumi project: the committed programs, with stack files that no account has seen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import yaml

from sandbox.errors import SandboxError

Yaml: TypeAlias = "str | int | float | bool | list[Yaml] | dict[str, Yaml] | None"


def _load(path: Path) -> dict[str, Yaml]:
    try:
        document: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SandboxError(f"{path} is not YAML: {error}", remedy="correct the file") from error
    if not isinstance(document, dict):
        raise SandboxError(f"{path} holds no mapping", remedy="correct the file")
    return {str(key): value for key, value in document.items()}


def project_settings(committed: Mapping[str, Yaml], *, project_root: Path, folder: Path) -> dict[str, Yaml]:
    """The committed project's settings with paths that hold from `folder`."""
    settings = dict(committed)
    settings["main"] = os.path.relpath(project_root / str(settings.get("main", "stacks")), folder)
    runtime = settings.get("runtime")
    options = runtime.get("options") if isinstance(runtime, dict) else None
    if isinstance(runtime, dict) and isinstance(options, dict) and isinstance(options.get("virtualenv"), str):
        virtualenv = os.path.relpath(project_root / str(options["virtualenv"]), folder)
        settings["runtime"] = {**runtime, "options": {**options, "virtualenv": virtualenv}}
    return settings


def write_project(project_root: Path, *, folder: Path) -> None:
    """Write `Pulumi.yaml` and, where a stack has settings committed, the plain ones of them, into `folder`.

    A secrets provider and encrypted values belong to an account and stay out; stack files that are there already are
    the sandbox's and are left alone.
    """
    committed = project_root / "Pulumi.yaml"
    if not committed.is_file():
        raise SandboxError(f"{committed} is missing", remedy="run from a complete checkout of the project")
    folder.mkdir(parents=True, exist_ok=True)
    settings = project_settings(_load(committed), project_root=project_root, folder=folder)
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    for stack_file in sorted(project_root.glob("Pulumi.*.yaml")):
        target = folder / stack_file.name
        config = _load(stack_file).get("config")
        if target.exists() or not isinstance(config, dict):
            continue
        plain: dict[str, Yaml] = {
            key: value for key, value in config.items() if not (isinstance(value, dict) and "secure" in value)
        }
        target.write_text(yaml.safe_dump({"config": plain}, sort_keys=False), encoding="utf-8")
