"""Books: the order of their chapters, the parts that are left out, progress and refusals."""

from __future__ import annotations

import io
import zipfile

import pytest

from desktop_app.documents.office.book import read
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain import errors

OPF = 'xmlns="http://www.idpf.org/2007/opf"'


def book(
    items: str, spine: str, at: str = "OEBPS/book.opf", doctype: str = "", **parts: str
) -> bytes:
    container = (
        f'{doctype}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        f'<rootfile full-path="{at}"/></rootfiles></container>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr(at, f"<package {OPF}><manifest>{items}</manifest>{spine}</package>")
        for name, text in parts.items():
            archive.writestr(name, f"<html><body>{text}</body></html>")
    return target.getvalue()


def item(key: str, part: str, properties: str = "") -> str:
    return f'<item id="{key}" href="{part}" properties="{properties}"/>'


def spine(*keys: str) -> str:
    return "<spine>" + "".join(f'<itemref idref="{key}"/>' for key in keys) + "</spine>"


ITEMS = (
    item("one", "a%20b.xhtml", "scripted")
    + item("two", "../c.xhtml")
    + item("n", "n.xhtml", "svg nav")
)
PARTS = {"OEBPS/a b.xhtml": "<h1>One</h1>", "c.xhtml": "<p>Two</p>", "OEBPS/n.xhtml": "Contents"}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("one", "two"), ("[chapter 1]\n\n# One\n\n[chapter 2]\n\nTwo", 2)),
        (("two", "one"), ("[chapter 1]\n\nTwo\n\n[chapter 2]\n\n# One", 2)),
        (("n", "two", "missing", "one"), ("[chapter 1]\n\nTwo\n\n[chapter 2]\n\n# One", 2)),
        ((), ("", 0)),
    ],
)
def test_the_chapters_follow_the_spine(keys: tuple[str, ...], expected: tuple[str, int]) -> None:
    steps: list[Progress] = []
    assert read("x.epub", book(ITEMS, spine(*keys), **PARTS), Limits(), steps.append) == expected
    assert steps == [Progress(n, expected[1], "chapter") for n in range(expected[1] + 1)]


def test_chapters_without_words_have_no_number() -> None:
    items = item("a", "a.xhtml") + item("b", "b.xhtml") + item("gone", "gone.xhtml")
    parts = {"a.xhtml": "<p> </p>", "b.xhtml": "Words."}
    data = book(items, spine("a", "gone", "b"), "book.opf", **parts)
    assert read("x.epub", data, Limits(), lambda _: None) == ("[chapter 1]\n\nWords.", 1)


def test_a_public_document_type_is_accepted_but_no_entity() -> None:
    public = '<!DOCTYPE container PUBLIC "+//X//DTD OEB 1.2//EN" "http://x.example/oeb12.dtd">'
    data = book(ITEMS, spine("two"), doctype=public, **PARTS)
    assert read("x.epub", data, Limits(), lambda _: None) == ("[chapter 1]\n\nTwo", 1)
    for doctype in ('<!DOCTYPE c [<!ENTITY e "f">]>', '<!DOC<!DOCTYPE x>TYPE c [<!ENTITY e "f">]>'):
        data = book(ITEMS, spine("two"), doctype=doctype, **PARTS)
        with pytest.raises(errors.DocumentDamagedError):
            read("x.epub", data, Limits(), lambda _: None)


def test_a_book_with_rights_is_refused() -> None:
    data = book(ITEMS, spine("one"), **PARTS, **{"META-INF/rights.xml": ""})
    with pytest.raises(errors.DocumentEncryptedError):
        read("x.epub", data, Limits(), lambda _: None)
