"""Which Pulumi engines are accepted, and which one is fetched or built."""

from typing import Final

from semver import Version

MINIMUM_VERSION: Final = Version(3, 259, 0)
"""The first that runs a policy pack by its executable."""

BELOW_MAJOR: Final = 4
PINNED_VERSION: Final = Version(3, 259, 0)
ACCEPTED_RANGE: Final = f">= {MINIMUM_VERSION}, < {BELOW_MAJOR}"


def parse_version(text: str) -> Version | None:
    """The version in the output of `pulumi version`, or None where there is none; a leading `v` is optional."""
    text = text.strip().removeprefix("v")
    return Version.parse(text) if Version.is_valid(text) else None


def is_accepted(version: Version) -> bool:
    """Whether this project runs on the engine; pre-releases count as older than their release."""
    return version >= MINIMUM_VERSION and version.major < BELOW_MAJOR
