"""A component under construction: its name, what it was given and the options of its children."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi


class EksComponent(pulumi.ComponentResource):
    """A component of pulumi-eks built from AWS resources; `outputs` are those of the real one.

    Attributes:
        TOKEN: its type.
        MODELLED: inputs that the stand-in honours; any other is refused by name.
        OUTPUTS: names of its outputs.
    """

    TOKEN: ClassVar[str]
    MODELLED: ClassVar[frozenset[str]]
    OUTPUTS: ClassVar[frozenset[str]]

    outputs: dict[str, Any]

    def __init__(self, name: str, given: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(self.TOKEN, name, None, opts)
        self.component_name = name
        self.given = given
        self.child = pulumi.ResourceOptions(parent=self)
        self.aws_provider = _provider_of(opts, "aws")
        self.outputs = self.built()
        if self.outputs.keys() != self.OUTPUTS:
            odd = ", ".join(sorted(self.outputs.keys() ^ self.OUTPUTS))
            raise ValueError(f"{self.TOKEN} of the stand-in does not give the outputs it lists: {odd}")
        self.register_outputs(self.outputs)

    def built(self) -> dict[str, Any]:
        """Make the children and return every output."""
        raise NotImplementedError

    def merged_tags(self, *names: str, **own: Any) -> pulumi.Output[dict[str, str]]:  # noqa: ANN401
        """Tags of the component's own, then of the inputs `names`, later ones before earlier ones."""
        parts = [pulumi.Output.from_input(own), *(pulumi.Output.from_input(self.given.get(key) or {}) for key in names)]
        return pulumi.Output.all(*parts).apply(
            lambda tags: {key: value for part in tags for key, value in part.items()}
        )


def _provider_of(opts: pulumi.ResourceOptions | None, package: str) -> pulumi.ProviderResource | None:
    """The provider of a package that the program gave the component; None where it left the choice to the engine."""
    given = opts.providers if opts is not None else None
    if isinstance(given, Mapping):
        return given.get(package)
    return next((each for each in given or () if each.package == package), None)
