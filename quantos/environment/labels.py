"""The grammar of labels: Kubernetes' own, and what EKS takes of it for labels and taints of a node group."""

import re
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 63
"""Characters of a key's name and of a value; to EKS of a key as a whole (botocore: labelKey, taintKey)."""
LONGEST_DOMAIN: Final = 253
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PART: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_PART}(\.{_PART})*")
_RESERVED: Final = ("kubernetes.io/", "k8s.io/", "eks.amazonaws.com/")
"""No label of a node group contains these, in EKS's own words."""
_KARPENTER: Final = ("karpenter.sh/", "karpenter.k8s.aws/")


def label_faults(key: str, value: str) -> Iterator[str]:
    """What is wrong with a node's label."""
    if reserved := [prefix for prefix in _RESERVED if prefix in key]:
        yield f"is reserved: EKS takes no label with {reserved[0]} for node groups"
    if key.startswith(_KARPENTER):
        yield "is reserved: Karpenter takes nodes with its labels for its own"
    yield from _node_key_faults(key)
    if not value:
        yield "has no value, which EKS does not take"
    yield from value_faults(value)


def taint_faults(key: str, value: str) -> Iterator[str]:
    """What is wrong with a node's taint; it may have no value."""
    yield from _node_key_faults(key)
    yield from value_faults(value)


def _node_key_faults(key: str) -> Iterator[str]:
    if len(key) > LONGEST:
        yield f"is {len(key)} characters long, and EKS takes {LONGEST}"
    else:
        yield from key_faults(key)


def key_faults(key: str) -> Iterator[str]:
    """What is wrong with the key of a label, a taint or an annotation."""
    domain, separator, name = key.rpartition("/")
    if len(name) > LONGEST or len(domain) > LONGEST_DOMAIN:
        yield f"has a name or a domain longer than {LONGEST} and {LONGEST_DOMAIN} characters"
    if separator and not _DOMAIN.fullmatch(domain):
        yield f"has {domain!r} before its slash, which is no DNS name in small letters"
    if not _NAME.fullmatch(name):
        yield f"is called {name!r}: letters, digits, '-', '_' and '.', a letter or digit first and last"


def value_faults(value: str) -> Iterator[str]:
    """What is wrong with a label's value; to have none is right."""
    if len(value) > LONGEST:
        yield f"has a value {len(value)} characters long, and Kubernetes takes {LONGEST}"
    if value and not _NAME.fullmatch(value):
        yield f"has the value {value!r}: letters, digits, '-', '_' and '.', a letter or digit first and last"
