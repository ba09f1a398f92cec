"""What a pack reads of its configuration: limits, and the exemptions from one rule.

Apart from `config`, which renders it, so that a pack starts without reading what an environment file may hold.
"""

from collections.abc import Mapping
from functools import cache
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from quantos.errors import SettingsError
from quantos.policy.exemptions import Exemption

LIMITS_KEY = "limits"
EXEMPTIONS_KEY = "exemptions"
REMEDY = "pass the file that `quantos env` renders from the environment file as --policy-pack-config"
L = TypeVar("L")


class LimitsReader(Generic[L]):
    """Reads limits of one kind from a rule's configuration, for the pack that it names."""

    def __init__(self, kind: type[L], *, pack: str) -> None:
        self._adapter = TypeAdapter(kind)
        self._pack = pack

    def read(self, config: Mapping[str, object]) -> L:
        """The limits. Raises SettingsError when they are absent or not complete."""
        if LIMITS_KEY not in config:
            raise SettingsError(f"the {self._pack} pack was given no limits", remedy=REMEDY)
        try:
            return self._adapter.validate_python(config[LIMITS_KEY])
        except ValidationError as exc:
            problems = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors())
            raise SettingsError(
                f"the {self._pack} pack was given limits it cannot use ({problems})", remedy=REMEDY
            ) from exc


def parsed_exemptions(config: Mapping[str, object]) -> tuple[Exemption, ...]:
    """The exemptions in one rule's configuration, none where it has none. Raises SettingsError when they are none."""
    try:
        return _exemptions().validate_python(config.get(EXEMPTIONS_KEY, ()))
    except ValidationError as exc:
        raise SettingsError(f"a pack was given exemptions it cannot use ({exc})", remedy=REMEDY) from exc


@cache
def _exemptions() -> TypeAdapter[tuple[Exemption, ...]]:
    return TypeAdapter(tuple[Exemption, ...])
