"""Nothing answers to the internet but what an environment says does."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv6Network, ip_network
from typing import Final

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import Values, at, each, is_true, number, text, texts, values

GRANTEES = ("id", "emailAddress")
PUBLIC_ACCESS_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
SECURITY_GROUPS = (
    "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/securityGroupRule:SecurityGroupRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)  # fmt: skip
WIDEST_PUBLIC_PREFIX: Final[Mapping[int, int]] = {4: 8, 6: 19}
"""By version of IP: a block of public addresses wider than this is taken for the internet, however it is cut up.

No operator of a network holds a wider one, but for what ministries of defence hold of IPv6.
"""
MAPPED_PREFIX: Final = 96
"""What stands before an IPv4 address that is written as one of IPv6, `::ffff:192.0.2.1`."""
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


def _unblocked(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if missing := [key for key in PUBLIC_ACCESS_BLOCKS if not is_true(resource.properties, key)]:
        yield f"{resource.name} leaves {', '.join(missing)} off"


def _public_acl(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    acl = text(resource.properties, "acl")
    if acl not in {"", "private"}:
        yield f"{resource.name} has the ACL {acl}"
    for grant in [*each(resource.properties, "grants"), *each(resource.properties, "accessControlPolicy", "grants")]:
        uri = text(grant, "uri") or text(grant, "grantee", "uri")
        if uri.rpartition("/")[2] in {"AllUsers", "AuthenticatedUsers"}:
            yield f"{resource.name} grants {uri.rpartition('/')[2]} access"
        who = next(
            (text(part, key) for part in (grant, values(grant, "grantee")) for key in GRANTEES if key in part), ""
        )
        if who and who != text(resource.properties, "accessControlPolicy", "owner", "id"):
            yield f"{resource.name} grants {who} access by an ACL"


def _acls_in_use(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if (owner := text(resource.properties, "rule", "objectOwnership")) != "BucketOwnerEnforced":
        yield f"{resource.name} lets ACLs say who may read ({owner or 'nothing is stated'})"


def _public_database(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    """An instance without the word is private; of a cluster's instance RDS then asks the subnets."""
    stated = at(resource.properties, "publiclyAccessible") is not None
    if is_true(resource.properties, "publiclyAccessible"):
        yield f"{resource.name} is given a public address"
    elif not stated and resource.type.endswith(":ClusterInstance"):
        yield f"{resource.name} does not say whether it is given a public address"


def _public_cluster(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    network = values(resource.properties, "vpcConfig")
    if not is_true(network, "endpointPrivateAccess"):
        yield f"{resource.name} is not reached from inside its VPC"
    if at(network, "endpointPublicAccess") is False:
        return
    if not limits.public_cluster_endpoint:
        yield f"{resource.name} has a public endpoint, and {limits.environment} allows none"
    for cidr in texts(network, "publicAccessCidrs") or ("0.0.0.0/0",):
        if is_internet(cidr):
            yield f"{resource.name} answers to {cidr}"


def _public_subnet(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if is_true(resource.properties, "mapPublicIpOnLaunch"):
        yield f"{resource.name} gives a public address to whatever starts in it"


def _public_template(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    for interface in (resource.properties, *each(resource.properties, "networkInterfaces")):
        if is_true(interface, "associatePublicIpAddress"):
            yield f"{resource.name} gives its instances public addresses"


def _first_metadata_service(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    """What is not stated follows the account and the image, and those of EKS let tokens travel two hops."""
    if resource.type == NODE_GROUP:
        if not values(resource.properties, "launchTemplate"):
            yield f"{resource.name} starts its nodes from EKS's own template, whose tokens travel 2 hops"
        return
    options = values(resource.properties, "metadataOptions")
    if text(options, "httpEndpoint") == "disabled":
        return
    faults: list[str] = []
    if text(options, "httpTokens") != "required":
        faults.append("answers requests for credentials without a token (IMDSv1)")
    if (hops := number(options, "httpPutResponseHopLimit")) != 1:
        far = "as many hops as the image says" if hops is None else f"{hops:.0f} hops"
        faults.append(f"lets tokens travel {far}, so that pods can take the node's credentials")
    if faults:
        yield f"{resource.name} {' and '.join(faults)}"


def _open_group(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    properties = resource.properties
    if resource.type.endswith(":SecurityGroupRule") and text(properties, "type") != "ingress":
        return
    for rule in [properties, *each(properties, "ingress")]:
        for cidr in _sources(rule):
            if is_internet(cidr):
                yield f"{resource.name} lets in {cidr}"


def _sources(rule: Values) -> tuple[str, ...]:
    keys = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")
    return tuple(cidr for key in keys for cidr in texts(rule, key))


def _filled_default_group(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if used := [key for key in ("ingress", "egress") if each(resource.properties, key)]:
        yield f"{resource.name} lets traffic through ({', '.join(used)})"


def _public_balancer(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if not is_true(resource.properties, "internal"):
        yield f"{resource.name} answers to the internet"


def _open_function_url(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "authorizationType") != "AWS_IAM":
        yield f"{resource.name} lets anybody call the function over HTTP"


def _public_brokers(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    kind = text(resource.properties, "brokerNodeGroupInfo", "connectivityInfo", "publicAccess", "type")
    if kind not in {"", "DISABLED"}:
        yield f"{resource.name} gives its brokers public addresses ({kind})"


def is_internet(cidr: str) -> bool:
    """Whether a block of addresses is the internet: everything, or a part so great that nobody owns it.

    A text that is no block is taken for the internet, too.
    """
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return True
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= MAPPED_PREFIX:
        return is_internet(f"{mapped}/{network.prefixlen - MAPPED_PREFIX}")
    widest = WIDEST_PUBLIC_PREFIX[network.version]
    return network.prefixlen == 0 or (not network.is_private and network.prefixlen < widest)


EXPOSURE_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="bucket-public-access-block",
        description="Public access to buckets is blocked in all four ways.",
        remedy="set blockPublicAcls, blockPublicPolicy, ignorePublicAcls and restrictPublicBuckets",
        control=fsbp("S3.8"),
        types=(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        ),
        complaints=_unblocked,
    ),
    ResourceRule(
        name="bucket-no-public-acl",
        description="No bucket or object has an ACL that anybody but its owner reads by.",
        remedy="remove the ACL, and grant access by policies",
        control=fsbp("S3.12"),
        types=(
            "aws:s3/bucket:Bucket",
            "aws:s3/bucketAcl:BucketAcl",
            "aws:s3/bucketObject:BucketObject",
            "aws:s3/bucketObjectv2:BucketObjectv2",
        ),
        complaints=_public_acl,
    ),
    ResourceRule(
        name="bucket-owner-enforced",
        description="Buckets know no ACLs.",
        remedy="set objectOwnership to BucketOwnerEnforced",
        control=fsbp("S3.12"),
        types=("aws:s3/bucketOwnershipControls:BucketOwnershipControls",),
        complaints=_acls_in_use,
    ),
    ResourceRule(
        name="database-private",
        description="Databases have no public address.",
        remedy="set publiclyAccessible to false",
        control=fsbp("RDS.2"),
        types=("aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance"),
        complaints=_public_database,
    ),
    ResourceRule(
        name="cluster-endpoint-private",
        description="A cluster's API is reached from inside the VPC, from outside only where the environment allows.",
        remedy="turn the private endpoint on and the public one off, or state cluster.public_access_cidrs",
        control=fsbp("EKS.1"),
        types=("aws:eks/cluster:Cluster",),
        complaints=_public_cluster,
    ),
    ResourceRule(
        name="subnet-no-public-address",
        description="Subnets give no public address to what starts in them.",
        remedy="set mapPublicIpOnLaunch to false",
        control=fsbp("EC2.15"),
        types=("aws:ec2/subnet:Subnet",),
        complaints=_public_subnet,
    ),
    ResourceRule(
        name="instance-no-public-address",
        description="Instances, and those of launch templates, have no public address.",
        remedy="set associatePublicIpAddress to false",
        control=fsbp("EC2.25"),
        types=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"),
        complaints=_public_template,
    ),
    ResourceRule(
        name="instance-metadata-token",
        description="Instances answer requests for credentials with a token only, which does not leave them.",
        remedy="set metadataOptions to httpTokens required and httpPutResponseHopLimit 1, nodes' by a launch template",
        control=fsbp("EC2.170"),
        types=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance", NODE_GROUP),
        complaints=_first_metadata_service,
    ),
    ResourceRule(
        name="security-group-closed",
        description="No security group lets the internet in.",
        remedy="name the block, the group or the prefix list that may connect",
        control=fsbp("EC2.53"),
        types=SECURITY_GROUPS,
        complaints=_open_group,
    ),
    ResourceRule(
        name="default-security-group-empty",
        description="Default security groups let nothing through.",
        remedy="declare it without rules",
        control=fsbp("EC2.2"),
        types=("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",),
        complaints=_filled_default_group,
    ),
    ResourceRule(
        name="load-balancer-internal",
        description="Load balancers answer inside the VPC only.",
        remedy="set internal to true",
        control=firm("nothing answers to the internet unsaid", section="exposure"),
        types=("aws:lb/loadBalancer:LoadBalancer", "aws:elb/loadBalancer:LoadBalancer"),
        complaints=_public_balancer,
    ),
    ResourceRule(
        name="function-url-authorised",
        description="Functions are called over HTTP by known callers only.",
        remedy="set authorizationType to AWS_IAM, or call the function through the API",
        control=fsbp("Lambda.1"),
        types=("aws:lambda/functionUrl:FunctionUrl",),
        complaints=_open_function_url,
    ),
    ResourceRule(
        name="broker-private",
        description="Kafka brokers have no public address.",
        remedy="leave publicAccess DISABLED",
        control=fsbp("MSK.4"),
        types=("aws:msk/cluster:Cluster",),
        complaints=_public_brokers,
    ),
)
