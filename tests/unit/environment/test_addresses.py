"""Blocks that EKS takes for a public endpoint."""

from ipaddress import IPv4Network

import pytest

from quantos.environment.addresses import is_public


@pytest.mark.parametrize(
    ("block", "public"),
    [
        ("8.8.8.0/24", True),
        ("0.0.0.0/0", True),
        ("10.0.0.0/8", False),
        ("172.16.0.0/12", False),
        ("192.168.1.0/24", False),
        ("100.64.0.0/10", False),
        ("203.0.113.0/24", False),
        ("198.51.100.7/32", False),
        ("127.0.0.0/8", False),
        ("169.254.169.254/32", False),
        ("224.0.0.0/4", False),
        ("240.0.0.0/4", False),
    ],
)
def test_private_and_reserved_blocks_are_not_public(block: str, public: bool) -> None:
    assert is_public(IPv4Network(block)) is public
