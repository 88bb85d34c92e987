"""Packages of office documents: damaged, encrypted and too large ones, and their parts."""

from __future__ import annotations

import io
import zipfile

import pytest

from desktop_app.documents.office.package import Package
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.errors import (
    DocumentDamagedError,
    DocumentEncryptedError,
    DocumentTooLargeError,
)


def packed(**parts: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def package(data: bytes, unpacked_bytes: int = 1_000) -> Package:
    return Package("x", data, Limits(unpacked_bytes=unpacked_bytes))


def test_the_total_size_of_parts_has_a_limit() -> None:
    data = packed(a="1" * 500, b="2" * 500)
    assert package(data).names == ["a", "b"]
    with pytest.raises(DocumentTooLargeError):
        package(data, 999)


def test_damaged_files_are_refused() -> None:
    with pytest.raises(DocumentDamagedError):
        package(b"PK no archive")
    damaged = package(packed(a="<a/>").replace(b"<a/>", b"<b/>"))
    with pytest.raises(DocumentDamagedError):
        damaged.bytes("a")
    with pytest.raises(DocumentDamagedError):
        damaged.bytes("missing")


def test_encrypted_files_are_refused() -> None:
    data = bytearray(packed(a="<a/>"))
    data[data.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(DocumentEncryptedError):
        package(bytes(data))
    manifest = {"META-INF/manifest.xml": "<manifest:encryption-data/>"}
    with pytest.raises(DocumentEncryptedError):
        package(packed(**manifest))
    data[data.index(b"PK\1\2") + 8] ^= 3  # a flag about compression
    assert package(bytes(data)).names == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_part_that_declares_entities_is_refused(encoding: str) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(encoding))
    with pytest.raises(DocumentDamagedError):
        package(target.getvalue()).xml("a")


def test_the_main_part_is_the_usual_one_unless_the_package_names_another() -> None:
    assert package(packed(usual="<a/>")).main_part("usual") == "usual"
    assert package(packed(a="<a/>")).main_part("usual") == "usual"
    rows = '<r><r Type="x/other" Target="/b"/><r Type="x/officeDocument" Target="/c/d"/></r>'
    assert package(packed(**{"_rels/.rels": rows})).main_part("usual") == "c/d"
