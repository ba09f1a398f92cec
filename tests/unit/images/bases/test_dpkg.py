"""Packages of a root are those that its dpkg says are installed."""

from pathlib import Path

from images.bases.dpkg import debian_components

STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 1:2.36-9+deb12u14

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""
COPYRIGHT = "Format: https://example.com/\n\nFiles: *\nLicense: LGPL-2.1+\n text\n\nFiles: x\nLicense: GPL-2+\n"


def test_what_is_installed_is_listed_with_what_it_may_be_used_under(tmp_path: Path) -> None:
    for name, text in (
        ("var/lib/dpkg/status", STATUS),
        ("etc/os-release", 'ID=debian\nVERSION_CODENAME="bookworm"\n'),
        ("usr/share/doc/libc6/copyright", COPYRIGHT),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (component,) = debian_components(tmp_path)
    assert component.purl == "pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u14?arch=amd64&distro=bookworm"
    assert component.licence_text == "GPL-2+ AND LGPL-2.1+"
    assert component.properties == {"source": "glibc"}


def test_a_root_of_another_kind_has_none(tmp_path: Path) -> None:
    assert debian_components(tmp_path) == ()
