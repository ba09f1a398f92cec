"""The plan a capacity stack stands on, as a resource, so that policy rules can see what no node group shows."""

from collections.abc import Mapping

import pulumi

from quantos.contracts.plan import PLAN_TYPE


class Plan(pulumi.ComponentResource):
    """Carries the plan document in inputs and in outputs: resource rules see inputs, stack rules outputs only.

    Guarded by the cost pack, which judges the document.
    """

    def __init__(
        self, name: str, *, document: Mapping[str, object], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(PLAN_TYPE, name, {"document": dict(document)}, opts)
        self.register_outputs({"document": dict(document)})
