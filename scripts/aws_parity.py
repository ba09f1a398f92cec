"""Write the table of `docs/aws-parity.md` from the rows of the AWS stand-in: `python -m scripts.aws_parity`."""

from pathlib import Path

from botocore.model import Shape

from sandbox.providers.account import Account
from sandbox.providers.aws.api_shapes import held_properties, readable
from sandbox.providers.aws.row import Row
from sandbox.providers.aws.rows import all_rows
from sandbox.providers.schema import SdkSchemas
from sandbox.providers.store import Store

PAGE = Path(__file__).resolve().parent.parent / "docs" / "aws-parity.md"
INTRODUCTION = """# What the AWS stand-in models

Nothing here has run on AWS. The sandbox's `pulumi-resource-aws` serves the resource types below over boto3 against a
local moto server; every other type is refused by its name. This page is written by `python -m scripts.aws_parity`
from the rows under `sandbox/providers/aws/rows/`, and a test fails when it is out of date.

For every type: `Check` holds each property, nested ones included, against the input types of the installed
`pulumi_aws`; a property that the stand-in would not send is refused. Create, read, update, delete, import by id,
replacement, `pulumi refresh` and `pulumi destroy` work. In a preview everything that AWS decides is unknown. After a
creation or change, a property that moto takes but does not answer is an error unless it is listed here as kept.

`Check` also holds each property that goes to an API against botocore's shape of the operation which takes it
(enumerations, patterns, lengths, ranges, at every depth), and against what a service documents and its model lacks,
where the row says it. *held* counts the properties of which more is said than their kind, among those that an
operation takes; in all rows {held} of {taken}, by {patterns} patterns, of which {unreadable} is none to Python and not
held: of a budget's name. A value that AWS has added since this botocore is refused until botocore is updated.

In no type: waiting (everything is there at once), quotas, eventual consistency, enforcement of any policy,
prices. Lists are compared in order, where the real provider takes some of them as sets. Which changes replace comes
from the provider's documentation and schema, by hand.

- *moto*: the object is in moto, and any AWS client sees it there.
- *store*: moto has no such object; it lives in `store.json` of the sandbox and only the stand-in sees it.
- *kept*: properties which moto takes and forgets, held in the store; *local*: of the provider itself, held in the
state.

EKS's refusals are kept: minimum above desired, desired above maximum (`InvalidParameterException` at creation and
change); at `Check` a maximum below 1, reserved labels and what Kubernetes takes for no label or taint, private blocks
on a public endpoint. No instance starts, so none becomes
Ready: how long nodes take is drawn by the demo from a stated distribution and published as telemetry, which on an
account an agent in the cluster must do, of the platform layer and not built yet; `lead_seconds` serves without it.

`pulumi-resource-eks` builds `Cluster`, `ManagedNodeGroup`, `NodeGroupSecurityGroup`, `Addon` and `VpcCniAddon` from the
AWS types below, and answers `Cluster.get_kubeconfig`. A test holds their outputs, and the fields of `core`, against
those that the installed SDK declares. Inputs that they do not model are refused by name: default node groups
(`skip_default_node_group` must be true), Fargate, auto mode, roles of one's own, storage classes, proxies, custom AMIs
and user data. `awsProvider` is set where the program gives the component one, as in the real component; the
latest version of an add-on is not looked up. `NodeGroup`, `NodeGroupV2` and `ClusterCreationRoleProvider` are refused.

`pulumi-resource-kubernetes` holds manifests against the input types of the installed `pulumi_kubernetes`. Where the
provider is given a `kubeconfig` it applies them on that cluster's server, else it writes them to the sandbox's
`manifests` folder. A file in the home folder is never looked for, and the cluster of `KUBECONFIG`, which the SDK fills
in, is refused. An EKS cluster of the sandbox has no control plane: its objects go to `@<cluster>` in the folder, or to
the cluster whose kubeconfig `QUANTOS_KUBECONFIG` names.

- *On a cluster*: create, update, delete, import by `namespace/name`, refresh; a field manager per resource, conflicts
  refused unless `pulumi.com/patchForce` or `enablePatchForce` says otherwise; unknown fields refused; previews are dry
  runs on the server, so that what admission refuses is refused in the preview (the real provider lets refusals by
  `Forbidden` pass there). Outputs are the live object; in a preview everything that the server decides is unknown.
  Awaited until ready: Namespace, CustomResourceDefinition, Job, Deployment, StatefulSet, DaemonSet, Pod, Service of
  type LoadBalancer; `pulumi.com/skipAwait`, `pulumi.com/timeoutSeconds` and custom timeouts are honoured. The real
  provider also waits for an Ingress, a claim, and a Service's endpoints, and takes `pulumi.com/waitFor`,
  `replaceUnready` and `config.kubernetes.io/depends-on`, which are refused here.
- *In the folder*: nothing runs and no admission, quota or default is applied; names, labels and annotations are held
  to Kubernetes' grammar, other values to their kinds only. Outputs are the manifest and no more:
  `metadata.uid` and `status` stay empty. A custom resource is not held against its definition, which a warning says.
  Patches are refused.
- *In both*: `yaml.v2` and `yaml` ConfigFile and ConfigGroup, from files and texts; an address is not fetched. Of
  `yaml.v2`, namespaces and definitions are made first, the rest one after the other in the order given.
- `helm.v3.Release`, in the folder: kept as `<namespace>/release-<name>.json` with what the program gave; create,
  update (the revision rises), replacement by name or namespace, refresh and import work. No chart is fetched or
  rendered, so `resourceNames` and `status.appVersion` are empty and values are not held against the chart: that is what
  `quantos charts check` is for. A release without a version, a repository (or an `oci://` address) or a namespace is
  refused. On a cluster every release is refused, because nothing would be installed.
- Nowhere: charts as components (`helm.v4.Chart`, `helm.v3.Chart`), kustomizations, lists, client-side apply,
  rendering to a folder of the program's. Each is refused by its name.
"""


def _names(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "-"


SCHEMAS = SdkSchemas("pulumi_aws")
ACCOUNT = Account("us-east-1", Store(Path("nowhere")))


def _shapes(row: Row) -> dict[str, list[Shape]]:
    """Shapes of operations by property."""
    shapes: dict[str, list[Shape]] = {}
    fields = SCHEMAS.type(row.resource).inputs
    for request in (*row.handler.requests, *row.requests):
        for path, shape in held_properties(SCHEMAS, fields, account=ACCOUNT, request=request):
            shapes.setdefault(path, []).append(shape)
    return shapes


def _limited(row: Row) -> set[str]:
    """Properties of which more is said than their kind."""
    said = ("enum", "pattern", "min", "max")
    by_model = {
        path
        for path, shapes in _shapes(row).items()
        if any(name in shape.metadata for shape in shapes for name in said)
    }
    return by_model | {*row.limits}


def _introduction() -> str:
    rows = [_shapes(row) for row in all_rows()]
    every = (shape.metadata.get("pattern") for shapes in rows for of in shapes.values() for shape in of)
    patterns = {pattern for pattern in every if pattern}
    return INTRODUCTION.format(
        held=sum(len(_limited(row)) for row in all_rows()),
        taken=sum(map(len, rows)),
        patterns=len(patterns),
        unreadable=sum(readable(pattern) is None for pattern in patterns),
    )


def _line(row: Row) -> str:
    kept = _names(row.kept)
    local = f"; local: {_names(row.local)}" if row.local else ""
    where = "store" if row.stored else "moto"
    differs = row.differs or "nothing known beyond the above"
    held = f"{len(_limited(row))} of {len(_shapes(row))}"
    return (
        f"| `{row.resource}` | {where} | {held} | {_names(row.replaces)} | {kept}{local} | {differs} | {row.source} |"
    )


def page() -> str:
    """The whole page."""
    titles = "| type | held in | held | changes that replace | kept | what AWS does and this does not | source |"
    head = f"{titles}\n|---|---|---|---|---|---|---|"
    return f"{_introduction()}\n{head}\n" + "\n".join(_line(row) for row in all_rows()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
