"""Answers of the process that reads documents, at the limits of what is accepted."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

import pytest

from desktop_app.documents.worker import worker_answers as answers
from desktop_app.documents.worker.protocol import (
    Box,
    Limits,
    Pixels,
    Progress,
    ScaledImage,
    error_to_json,
)
from desktop_app.domain.conversations.message_parts import PageImage
from desktop_app.domain.documents.extracted_document import IndexedPassage, TextChunk
from desktop_app.domain.errors import DocumentEncryptedError, DocumentError

MOST = 2**53
JPEG = b"\xff\xd8\xff\xc0\0\x0b\x08\0\1\0\3"
LIMITS = Limits(pixels=12)
DOCUMENT = {
    "media_type": "text/plain",
    "sha256": "0123456789abcdef" * 4,
    "size": 0,
    "pages": None,
    "tokens": 0,
    "note": None,
    "width": 0,
    "height": 0,
    "animated": False,
    "pictured": [],
    "is_protected": False,
}


def rows(*given: object) -> str:
    return "\n".join(map(json.dumps, given))


def document(**changed: object) -> object:
    return answers.parse_document({**DOCUMENT, **changed}, "text", "x", LIMITS, has_password=True)


def field(name: str, value: object) -> object:
    return getattr(document(**{name: value}), name)


def progress(done: object, total: object = None, unit: object = "page") -> Progress:
    return answers.parse_progress({"done": done, "total": total, "unit": unit})


def png(width: int, height: int) -> bytes:
    """Return the beginning of a PNG image, in 24 bytes."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


def image(kind: str, width: int, height: int, data: bytes = b"") -> ScaledImage:
    header = {"media_type": kind, "width": width, "height": height}
    return answers.parse_image(header, data or png(width, height), (3, 4))


def decoded(width: int, height: int, data: bytes) -> Pixels:
    return answers.parse_decoded_image({"width": width, "height": height}, data, (3, 4))


def images(*given: list[object]) -> list[ScaledImage]:
    return answers.parse_images({"images": [*given]}, png(1, 1) + png(3, 4), [(3, 4), (3, 4)])


def passage(start: object, end: object, tokens: object, page: object) -> list[IndexedPassage]:
    return answers.parse_passages(rows([start, end, tokens, page, "p", "t", "w"]), 4)


ACCEPTED: list[tuple[Callable[[], object], object]] = [
    (lambda: answers.parse_header(b'{"kind":"x","payload":0}'), {"kind": "x", "payload": 0}),
    (lambda: progress(0), Progress(0, None, "page")),
    (lambda: progress(0, 0), Progress(0, 0, "page")),
    (lambda: progress(MOST, MOST, "\ud800"), Progress(MOST, MOST, "?")),
    (lambda: answers.parse_file_request({"number": 0}), 0),
    (lambda: answers.parse_file_request({"number": MOST}), MOST),
    (lambda: answers.parse_whole_number({"n": 0}, "n", 5), 0),
    (lambda: answers.parse_whole_number({"n": 5}, "n", 5), 5),
    *((lambda n=n: field("size", n), n) for n in (0, MOST)),
    *((lambda n=n: field("pages", n), n) for n in (None, 0, MOST)),
    *((lambda n=n: field("tokens", n), n) for n in (0, 16)),
    *((lambda n=n: field("is_protected", n), n) for n in (False, True)),
    (lambda: field("pictured", [[1, MOST, 1]]), (PageImage(1, MOST, 1),)),
    (lambda: [getattr(document(width=3, height=4), s) for s in ("width", "height")], [3, 4]),
    (lambda: image("image/png", 1, 4), ScaledImage("image/png", 1, 4, png(1, 4))),
    (lambda: image("image/jpeg", 3, 1, JPEG), ScaledImage("image/jpeg", 3, 1, JPEG)),
    (
        lambda: images(["image/png", 1, 1, 24], ["image/png", 3, 4, 24]),
        [ScaledImage("image/png", 1, 1, png(1, 1)), ScaledImage("image/png", 3, 4, png(3, 4))],
    ),
    (
        lambda: answers.parse_chunks(rows([0, 4, 0], [4, 4, MOST]), 4),
        [TextChunk(0, 4, 0), TextChunk(4, 4, MOST)],
    ),
    (lambda: passage(0, 4, 0, None), [IndexedPassage(0, 4, 0, None, "p", "t", "w")]),
    (lambda: passage(4, 4, MOST, 0), [IndexedPassage(4, 4, MOST, 0, "p", "t", "w")]),
    (lambda: answers.parse_page_sizes("[[1, 14401], [1.0, 2.5]]"), [(1.0, 14401.0), (1.0, 2.5)]),
    (lambda: answers.parse_pixels(b"12345", 5), b"12345"),
    (lambda: decoded(3, 1, b"x" * 12), Pixels(3, 1, b"x" * 12)),
    (lambda: decoded(1, 4, b"x" * 16), Pixels(1, 4, b"x" * 16)),
    (lambda: answers.parse_boxes({"boxes": [[0, -1, 0.5, 1]]}), [Box(0.0, -1.0, 0.5, 1.0)]),
]


@pytest.mark.parametrize(("take", "expected"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_a_valid_answer_is_accepted(take: Callable[[], object], expected: object) -> None:
    assert take() == expected


REFUSED: list[Callable[[], object]] = [
    lambda: answers.parse_header(b'{"kind":"x","payload":-1}'),
    lambda: answers.parse_header(b'{"kind":"x","payload":9007199254740993}'),
    lambda: answers.parse_header(b"[]"),
    lambda: answers.parse_header(b"{"),
    *(lambda n=n: progress(n) for n in (-1, MOST + 1, True, 1.0, "1", None)),
    *(lambda n=n: progress(0, n) for n in (-1, MOST + 1)),
    lambda: progress(0, 0, None),
    lambda: answers.parse_details({"details": "x" * 100_001}),
    *(lambda n=n: answers.parse_whole_number({"n": n}, "n", 5) for n in (-1, 6)),
    *(lambda n=n: document(size=n) for n in (-1, MOST + 1)),
    *(lambda n=n: document(pages=n) for n in (-1, MOST + 1)),
    *(lambda n=n: document(tokens=n) for n in (-1, 17)),
    *(lambda n=n: document(width=n) for n in (-1, 13)),
    *(lambda n=n: document(height=n) for n in (-1, 13)),
    lambda: document(width=13, height=1),
    lambda: document(width=4, height=4),
    lambda: document(is_protected=1),
    lambda: document(animated=0),
    *(lambda row=row: document(pictured=[row]) for row in ([0, 1, 1], [1, 1], [1, 1, MOST + 1])),
    *(
        lambda kind=kind: document(media_type=kind)
        for kind in ("text/", "text/a b", "a" * 21 + "/b")
    ),
    *(lambda text=text: document(sha256=text) for text in ("a" * 63, "a" * 65, "g" * 64)),
    *(lambda size=size: image("image/png", *size) for size in ((0, 1), (1, 0), (4, 1), (1, 5))),
    lambda: decoded(3, 1, b"x" * 11),
    lambda: decoded(4, 1, b"x" * 16),
    lambda: decoded(1, 5, b"x" * 20),
    lambda: decoded(0, 1, b""),
    lambda: image("image/gif", 1, 1, b"GIF89a\1\0\1\0"),
    lambda: image("image/jpeg", 1, 1),
    lambda: image("image/png", 1, 1, JPEG),
    lambda: image("image/png", 1, 1, png(1, 2)),
    lambda: image("image/png", 1, 1, png(9_000, 1)),
    lambda: image("image/png", 1, 1, png(1, 1)[:-1]),
    lambda: image("image/png", 1, 1, b'<svg width="1" height="1"><image href="/etc/x"/></svg>'),
    lambda: images(["image/png", 1, 1, 24], ["image/png", 3, 4, 25]),
    lambda: images(["image/png", 1, 1, -1], ["image/png", 3, 4, 24]),
    lambda: images(["image/png", 1, 1, 24]),
    lambda: images(["image/png", 1, 1, 24, 3], ["image/png", 3, 4, 24]),
    lambda: images(["image/png", 3, 4, 24], ["image/png", 3, 4, 24]),
    *(
        lambda row=row: answers.parse_chunks(rows(row), 4)
        for row in ([0, 5, 0], [3, 2, 0], [-1, 2, 0])
    ),
    *(lambda row=row: answers.parse_chunks(rows(row), 4) for row in ([0, 4, -1], [0, 4, MOST + 1])),
    *(lambda row=row: answers.parse_chunks(rows(row), 4) for row in ([0, 4], [0, 4, 0, 0])),
    lambda: answers.parse_chunks("{}", 4),
    *(lambda n=n: passage(0, 4, n, None) for n in (-1, MOST + 1)),
    *(lambda n=n: passage(0, 4, 0, n) for n in (-1, MOST + 1)),
    lambda: answers.parse_passages(rows([0, 4, 0, None, "p", "t", "w" * (1 << 20)]), 4),
    *(
        lambda n=n: answers.parse_page_sizes(f"[[{n}, 5]]")
        for n in ("0.9", "14401.5", "NaN", "true")
    ),
    lambda: answers.parse_pixels(b"12345", 6),
    *(
        lambda n=n: answers.parse_boxes({"boxes": [[0, 0, 0, n]]})
        for n in (float("inf"), "1", True)
    ),
    lambda: answers.parse_boxes({"boxes": [[0, 0, 0, 10**400]]}),
    lambda: answers.parse_error(
        {
            "error": "DocumentError",
            "message": "{provider}",
            "hint": "",
            "params": {"provider": 10**400},
        }
    ),
    lambda: document(note={"message": "{read}", "params": {"read": 10**400}, "skipped": []}),
    lambda: document(note=[]),
    lambda: document(note="x"),
    lambda: document(note={"params": []}),
]


@pytest.mark.parametrize("kind", answers._ERRORS.values())
def test_errors_arrive_as_they_were_sent(kind: type[DocumentError]) -> None:
    sent = kind("“{name}” is locked.", "Unlock it.", name="a.pdf", details="x")
    if isinstance(sent, DocumentEncryptedError):
        sent = sent.copy_with(takes_password=True)
    header = json.loads(json.dumps(error_to_json(sent)))
    arrived = answers.parse_error(header)
    assert type(arrived) is kind
    assert error_to_json(arrived) == header
    assert arrived.sentences == sent.sentences


@pytest.mark.parametrize("take", REFUSED, ids=range(len(REFUSED)))
def test_an_invalid_answer_is_refused(take: Callable[[], object]) -> None:
    with pytest.raises(answers.MalformedAnswerError):
        take()
