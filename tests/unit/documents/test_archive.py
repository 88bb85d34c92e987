"""Archives: the encoding of names, members that are not opened, and limits of each level."""

from __future__ import annotations

import io
import zipfile

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain import errors
from tests.data.long_pdf import long_pdf


def archive(*names: str, content: bytes = b"words") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in names:
            packed.writestr(name, content)
    return target.getvalue()


def text_of(data: bytes, limits: Limits | None = None) -> str:
    return extract_bytes("a.zip", data, limits or Limits(), lambda _: None).text


def within(data: bytes, levels: int) -> bytes:
    for level in range(levels):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w") as packed:
            packed.writestr(f"{level}.zip", data)
        data = outer.getvalue()
    return data


@pytest.mark.parametrize(
    ("packed", "shown"),
    [
        (b"Gr????e.txt", "Gr????e.txt"),
        (b"Gr\xc3\xb6\xc3\x9fe.txt", "Größe.txt"),  # UTF-8, not marked as such
        (b"Gr\x94\xe1e12.txt", "Größe12.txt"),  # code page 437
        (b"Gr\xf6\xdfe12.txt", "Größe12.txt"),  # Windows-1252
    ],
)
def test_names_are_read_in_their_encoding(packed: bytes, shown: str) -> None:
    data = archive("b.txt", "Gr????e.txt").replace(b"Gr????e.txt", packed)
    assert text_of(data) == f"# b.txt\n\nwords\n\n# {shown}\n\nwords"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/b.txt", "an unsafe name"),
        ("a/../b.txt", "an unsafe name"),
        ("c:/b.txt", "an unsafe name"),
        ("c.:/b.txt", ""),
        ("..b/c.txt", "hidden"),
        ("a/.b.txt", "hidden"),
    ],
)
def test_unsafe_and_hidden_members_are_not_opened(name: str, reason: str) -> None:
    text = text_of(archive("a.txt", name))
    read, left_out = f"# {name}\n\nwords" in text, f"{name} (an unsafe name)" in text
    assert (read, left_out) == (not reason, reason == "an unsafe name")


def test_archives_are_read_to_a_depth() -> None:
    inner = archive("b.txt")
    assert text_of(within(inner, 2)) == "# 1.zip\n\n# 0.zip\n\n# b.txt\n\nwords"
    with pytest.raises(errors.DocumentEmptyError):
        text_of(within(inner, 3))


@pytest.mark.parametrize("levels", [0, 1])
def test_each_page_of_a_member_is_a_step(levels: int) -> None:
    steps: list[Progress] = []
    data = within(archive("a.pdf", content=long_pdf(9)), levels)
    extract_bytes("a.zip", data, Limits(), steps.append)
    assert steps[0] == Progress(0, 1, "file")
    assert steps[-1] == Progress(1, 1, "file")
    assert len({step for step in steps if step.is_within_units}) > 9


def test_an_archive_has_a_limit() -> None:
    limits = Limits(unpacked_bytes=100)
    assert text_of(archive("a.txt", content=b"x" * 100), limits) == f"# a.txt\n\n{'x' * 100}"
    with pytest.raises(errors.DocumentTooLargeError):
        text_of(archive("a.txt", content=b"x" * 101), limits)


def test_an_archive_has_a_limited_number_of_members() -> None:
    assert text_of(archive("a.txt", "b.txt"), Limits(pages=2)).count("words") == 2
    with pytest.raises(errors.DocumentTooLargeError):
        text_of(archive("a.txt", "b.txt", "c.txt"), Limits(pages=2))


def test_a_damaged_archive_is_refused_and_a_damaged_member_left_out() -> None:
    with pytest.raises(errors.DocumentDamagedError):
        text_of(b"PK\3\4" + bytes(40))
    data = archive("a.txt", "b.txt").replace(b"words", b"sword", 1)
    assert text_of(data) == "# b.txt\n\nwords\n\n[not included: a.txt (damaged)]"
