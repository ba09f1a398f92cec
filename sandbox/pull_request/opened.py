"""The head's environment file, opened so that as much as possible is judged."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from quantos.catalog.catalog import load_catalog
from quantos.documents.yaml_document import read_yaml
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from quantos.faults import FaultPath, field_name
from quantos.pull_request.model import Refusal
from quantos.pull_request.settings_refusal import Document, mended, settings_refusals, wrong_fields

MOST_ROUNDS = 3
"""Fields are checked first, then how they fit together, then against the catalog."""


@dataclass(frozen=True, kw_only=True)
class OpenedEnvironment:
    """An environment to judge.

    Attributes:
        settings: what to judge with; None where the file cannot be mended.
        environments: the folder whose file holds them.
        refusals: what is wrong with the head's own file.
        notes: which fields are judged as the base has them.
    """

    settings: EnvironmentSettings | None
    environments: Path
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def open_environment(name: str, *, root: Path, base_root: Path | None, folder: Path) -> OpenedEnvironment:
    """The head's environment file, with wrong fields as the base has them.

    Args:
        root: the head's files.
        base_root: the base's; None where it does not have the environment.
        folder: where a mended file is written.
    """
    environments = _environments(root)
    refusals: list[Refusal] = []
    fields: list[FaultPath] = []
    for _ in range(MOST_ROUNDS):
        try:
            settings = load_environment(name, root=environments, catalog=load_catalog())
        except SettingsError as exc:
            refusals += settings_refusals(exc, environment=name)
            fields += wrong_fields(exc)
            head, base = _document(root, name), None if base_root is None else _document(base_root, name)
            if head is None or base is None:
                break
            environments = _environments(folder)
            environments.mkdir(parents=True, exist_ok=True)
            content = yaml.safe_dump(mended(head, base, fields), sort_keys=False)
            (environments / f"{name}.yaml").write_text(content, encoding="utf-8")
        else:
            field_names = ", ".join(dict.fromkeys(field_name(field) for field in fields))
            notes = (f"Its file is refused; judged with {field_names} as the base has it.",) if fields else ()
            return OpenedEnvironment(
                settings=settings, environments=environments, refusals=tuple(refusals), notes=notes
            )
    return OpenedEnvironment(settings=None, environments=environments, refusals=tuple(refusals))


def _environments(root: Path) -> Path:
    return root / "stacks" / "environments"


def _document(root: Path, name: str) -> Document | None:
    """What the file of an environment holds; None where it holds no fields."""
    try:
        document = read_yaml((_environments(root) / f"{name}.yaml").read_text(encoding="utf-8")).value
    except (OSError, UnicodeDecodeError):
        return None
    return {str(key): value for key, value in document.items()} if isinstance(document, dict) else None
