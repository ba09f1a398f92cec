"""Payloads that no producer should send and some do, as hypothesis draws them."""

import json
from collections.abc import Mapping
from typing import Final

from hypothesis import strategies as st

FORMS: Final = (
    "0001-01-01T00:00:00+01:00",
    "0001-01-01T00:00:00-23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "1970-01-01T00:00:00Z",
    "1763649300",
    "20261120-14:35:00",
    "2016-12-31T23:59:60Z",
    "2026-03-02T14:25:00",
    "2026-03-02 14:25:00Z",
    "1_000",
    "5120.0",
    "true",
    "",
    "\x00",
    "\ud800",
    "workload/" + "x" * 3000,
    "workload/orders\n",
    "signal/../..",
)
"""Texts that stand where another text, a time or a number belongs."""

NUMBERS: Final = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-320", "1" * 400, "9" * 5000, "-0.0", "0x10")

_SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(FORMS)
)
_TREES: Final = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


MISTAKEN: Final = (*FORMS, True, False, 1_772_461_500, 1_772_461_500_000)
"""What some readers take for a number, a truth or a time."""


def misread(good: Mapping[str, object]) -> list[bytes]:
    """A record that would be good, with each of these in each of its fields."""
    return [json.dumps({**good, field: value}).encode() for field in good for value in MISTAKEN]


def payloads(good: Mapping[str, object]) -> st.SearchStrategy[bytes]:
    """Bytes in the place of a record that would be good: its fields changed, its text broken, or anything at all."""
    changed = st.builds(
        lambda field, value: json.dumps({**good, field: value}).encode(),
        st.sampled_from([*good, "schema_version", "x" * 400_000]),
        _TREES,
    )
    numbered = st.builds(
        lambda field, number: json.dumps({**good, field: "@"}).replace('"@"', number).encode(),
        st.sampled_from(list(good)),
        st.sampled_from(NUMBERS),
    )
    lacking = st.sampled_from(list(good)).map(
        lambda field: json.dumps({name: value for name, value in good.items() if name != field}).encode()
    )
    return st.one_of(
        changed,
        numbered,
        lacking,
        st.sampled_from(misread(good)),
        st.sampled_from(broken(good)),
        st.binary(max_size=60),
    )


def broken(good: Mapping[str, object]) -> list[bytes]:
    """Texts that are never a record, whatever a reader forgives."""
    text = json.dumps(good).encode()
    return [
        b"",
        b"null",
        b"true",
        b"\xef\xbb\xbf" + text,
        text.decode().encode("utf-16"),
        b"\x00" + text,
        text + b"\x00",
        text + text,
        text[:-1],
        text[:-1] + b', "value": 99, "value": 99}',
        text[:-1] + b', "source": "other"}',
        text.replace(b'"', b"'"),
        b"[" * 100_000,
        b'{"a":' * 5000,
        text.replace(b"workload", b"work\xffload").replace(b"signal", b"sig\xffnal").replace(b"dev", b"d\xffev"),
        b'"' + b"y" * 2_000_000 + b'"',
    ]
