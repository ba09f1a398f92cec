"""Data stays where the environment says it may be."""

import re
from collections.abc import Iterator

from quantos.policy.controls import firm
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import Values, dotted, walk

REGION_KEYS = frozenset({"region", "regionName", "replicaRegion", "awsRegion", "destinationRegion"})
ZONE_KEYS = frozenset({"availabilityZone", "availabilityZones"})
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):")


def _abroad(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for path, region in _regions(resource.properties):
        if region not in limits.allowed_regions:
            yield f"{resource.name} is, or sends data, in {region} ({path}); {limits.environment} allows " + ", ".join(
                limits.allowed_regions
            )


def _regions(properties: Values) -> Iterator[tuple[str, str]]:
    """Where regions are named, once each: by keys, by zones and in ARNs."""
    seen: set[str] = set()
    for path, value in walk(properties):
        if not isinstance(value, str):
            continue
        keys = {part for part in path if isinstance(part, str)}
        if keys & (REGION_KEYS | ZONE_KEYS):
            match = _REGION.match(value)
            region = match.group() if match else None
        else:
            arn = _ARN.match(value)
            region = arn.group("region") if arn else None
        if region is not None and region not in seen:
            seen.add(region)
            yield dotted(path), region


RESIDENCY_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="allowed-regions",
        description="Resources stand in, and send data to, the regions that the environment allows.",
        remedy="move it into an allowed region, or add the region to allowed_regions by pull request",
        control=firm("data stays where it may be", section="residency"),
        types=("aws:*", "pulumi:providers:aws"),
        complaints=_abroad,
    ),
)
