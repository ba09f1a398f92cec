"""Materialize: SQL views kept up to date with the bus, where a firm holds its licence."""

from dataclasses import dataclass

import pulumi

from components.kubernetes.base.charts import MATERIALIZE_OPERATOR
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import resources
from components.kubernetes.base.release import release

LICENSE = "materialize-license"


@dataclass(frozen=True, kw_only=True)
class MaterializeArgs:
    """`license_secret`, of AWS Secrets Manager, has the property `license`."""

    namespace: str
    account_id: str
    region: str
    license_secret: str


class Materialize(pulumi.ComponentResource):
    """The operator, and the licence its environments refer to. It is under the Business Source License.

    An environment of it is not declared: its kinds are not among those that this project checks.

    Outputs: `ready`, known once the release stands.

    Guarded in the cluster by Pod Security `restricted` alone: the chart check has no data of this chart.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: MaterializeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/data:Materialize", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        external_secret(
            f"{name}-license",
            namespace=args.namespace,
            secret_name=LICENSE,
            keys={"license_key": (args.license_secret, "license")},
            opts=child,
        )
        installed = release(name, MATERIALIZE_OPERATOR, namespace=args.namespace, values=values(args), opts=child)
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def values(args: MaterializeArgs) -> dict[str, object]:
    """Values of the chart: nothing is told to its maker."""
    return {
        "operator": {
            "cloudProvider": {
                "type": "aws",
                "region": args.region,
                "providers": {"aws": {"enabled": True, "accountID": args.account_id}},
            },
            "resources": resources(cpu="100m", memory="512Mi"),
        },
        "rbac": {"create": True},
        "telemetry": {"enabled": False},
        "networkPolicies": {"enabled": True, "internal": {"enabled": True}},
    }
