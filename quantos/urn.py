"""The name by which Pulumi's engine knows a resource."""

from dataclasses import dataclass
from typing import Final

SEPARATOR: Final = "::"
_PREFIX: Final = "urn:pulumi:"
_PARTS: Final = 4


@dataclass(frozen=True, kw_only=True)
class Urn:
    """A parsed URN. `qualified_type` has the types of the parents before the resource's own, `$` between.

    Source: the grammar in https://www.pulumi.com/docs/iac/concepts/resources/names/#urns; only a name may hold `::`.
    """

    stack: str
    project: str
    qualified_type: str
    name: str

    @property
    def type(self) -> str:
        """The resource's own type token, such as `aws:eks/nodeGroup:NodeGroup`."""
        return self.qualified_type.rpartition("$")[2]

    @classmethod
    def parse(cls, text: str) -> "Urn":
        """Read `urn:pulumi:dev-capacity::quantos::a:b/c:C$d:e/f:F::name`. Raises ValueError for anything else."""
        if not cls.is_urn(text):
            raise ValueError(f"{text!r} is not the URN of a resource")
        stack, project, qualified_type, name = text.removeprefix(_PREFIX).split(SEPARATOR, _PARTS - 1)
        return cls(stack=stack, project=project, qualified_type=qualified_type, name=name)

    @classmethod
    def is_urn(cls, text: str) -> bool:
        """Whether `parse` reads it."""
        return text.startswith(_PREFIX) and text.removeprefix(_PREFIX).count(SEPARATOR) >= _PARTS - 1
