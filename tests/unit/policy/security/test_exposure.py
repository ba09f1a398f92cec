"""Which blocks of addresses are the internet, in both versions of IP."""

import pytest

from quantos.policy.security.exposure import is_internet


@pytest.mark.parametrize(
    ("cidr", "internet"),
    [
        ("0.0.0.0/0", True),
        ("0.0.0.0/1", True),
        ("128.0.0.0/2", True),
        ("10.0.0.0/7", True),
        ("10.0.0.0/8", False),
        ("8.0.0.0/8", False),
        ("8.8.8.0/24", False),
        ("::/0", True),
        ("::/1", True),
        ("2000::/3", True),
        ("2600::/8", True),
        ("2600::/12", True),
        ("2a00::/16", True),
        ("2600::/18", True),
        ("2600::/19", False),
        ("2600:1f18::/33", False),
        ("fc00::/7", False),
        ("::ffff:0.0.0.0/96", True),
        ("::ffff:0:0/97", True),
        ("::ffff:808:800/120", False),
        ("sg-0123", True),  # no block of addresses is taken for the widest
    ],
)
def test_a_block_that_nobody_owns_is_the_internet(cidr: str, internet: bool) -> None:
    assert is_internet(cidr) is internet
