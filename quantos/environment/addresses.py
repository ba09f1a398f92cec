"""Blocks of addresses as EKS judges them."""

from ipaddress import IPv4Network


def is_public(block: IPv4Network) -> bool:
    """Whether somebody on the internet may have an address of this block, so that EKS takes it for a public endpoint.

    EKS's own list is not published; this is the registry of special addresses that Python carries.
    """
    return block.is_global and not block.is_multicast and not block.is_reserved
