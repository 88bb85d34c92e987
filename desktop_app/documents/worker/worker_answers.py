"""Checks the answers of the process that reads documents.

A hostile document may have taken that process over. So the process is killed unless its answer has
the expected types, is within the limits, and belongs to the request. A path in an answer is only
ever shown. All functions raise MalformedAnswerError if an answer fails their checks.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from desktop_app.documents.worker.protocol import (
    Box,
    Limits,
    Pixels,
    Progress,
    ScaledImage,
    replace_surrogates,
)
from desktop_app.domain import errors
from desktop_app.domain.conversations.message_parts import PageImage
from desktop_app.domain.documents.document_notes import DocumentNote, note_from_json
from desktop_app.domain.documents.extracted_document import (
    ExtractedDocument,
    IndexedPassage,
    TextChunk,
)
from desktop_app.domain.documents.image_header import read_image_header
from desktop_app.domain.errors import Param

MAX_HEADER_BYTES: Final = 1 << 21
"""Twice the size of a header that lists 50,000 image pages, the maximum of "documents.pages"."""

# The default limit of a text. The longest are notes that name five files by their paths.
_MAX_TEXT_CHARS: Final = 100_000
_MAX_ROW_CHARS: Final = 1 << 20
# Far above any real number, and small enough to be added and formatted.
_MAX_INTEGER: Final = 1 << 53
# In points: the maximum of PDF, plus one for rounding.
_MAX_PAGE_SIDE: Final = 14_401
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[\w.+-]{1,100}", re.ASCII)
_IMAGE_TYPES: Final = ("image/jpeg", "image/png")
_ERRORS: Final[Mapping[str, type[errors.DocumentError]]] = {
    cls.__name__: cls
    for cls in (
        errors.DocumentError,
        errors.DocumentUnsupportedError,
        errors.DocumentEncryptedError,
        errors.DocumentDamagedError,
        errors.DocumentEmptyError,
        errors.DocumentTooLargeError,
    )
}
_T = TypeVar("_T")


class MalformedAnswerError(ValueError):
    """The process violated the protocol."""


def parse_header(source: bytes) -> dict[str, Any]:
    """Parse the header of a frame, and check its `kind` and `payload`."""
    header = _expect(dict, _parse_json(source))
    _text(header.get("kind"))
    _integer(header.get("payload"), 0, _MAX_INTEGER)
    return header


def parse_progress(header: Mapping[str, Any]) -> Progress:
    """Return the progress of reading."""
    total = header.get("total")
    return Progress(
        _integer(header.get("done"), 0, _MAX_INTEGER),
        None if total is None else _integer(total, 0, _MAX_INTEGER),
        _text(header.get("unit")),
    )


def parse_file_request(header: Mapping[str, Any]) -> int:
    """Return which file of the opened folder the process asks for: its index in the listing."""
    return _integer(header.get("number"), 0, _MAX_INTEGER)


def parse_error(header: Mapping[str, Any]) -> errors.DocumentError:
    """Return the refusal of a document: the reverse of `protocol.error_to_json`."""
    kind = _ERRORS.get(_text(header.get("error")))
    if kind is None:
        raise MalformedAnswerError("an unknown kind of error")
    because = header.get("because")
    error = kind(
        _text(header.get("message")),
        _text(header.get("hint")),
        params=_params(_expect(dict, header.get("params"))),
        details=_text(header.get("details")),
        because=None if because is None else errors.UserFacingError(_text(because)),
    )
    if isinstance(error, errors.DocumentEncryptedError):
        return error.copy_with(takes_password=_expect(bool, header.get("takes_password")))
    return error


def parse_details(header: Mapping[str, Any]) -> str:
    """Return what the process reports about its own crash."""
    return _text(header.get("details"))


def parse_whole_number(header: Mapping[str, Any], name: str, most: int) -> int:
    """Return a number from 0 to `most`."""
    return _integer(header.get(name), 0, most)


def parse_document(
    header: Mapping[str, Any], text: str, name: str, limits: Limits, *, has_password: bool
) -> ExtractedDocument:
    """Return the document in an answer.

    Args:
        header: the document's facts.
        name, limits, has_password: those of the request.
    """
    pages = header.get("pages")
    width, height = (_integer(header.get(side), 0, limits.pixels) for side in ("width", "height"))
    if width * height > limits.pixels:
        raise MalformedAnswerError("more pixels than were allowed")
    is_protected = _expect(bool, header.get("is_protected"))
    image_pages = _expect(list, header.get("pictured"))
    return ExtractedDocument(
        name=name,
        media_type=_matching_text(_MEDIA_TYPE, header.get("media_type")),
        sha256=_matching_text(_HASH, header.get("sha256")),
        size=_integer(header.get("size"), 0, _MAX_INTEGER),
        text=text,
        pages=None if pages is None else _integer(pages, 0, _MAX_INTEGER),
        # A token is at least one byte, and a character at most four.
        tokens=_integer(header.get("tokens"), 0, 4 * len(text)),
        note=_note(header.get("note")),
        width=width,
        height=height,
        animated=_expect(bool, header.get("animated")),
        pictured=tuple(PageImage(*_positive_integers(row, 3)) for row in image_pages),
        # Without a password, a hostile answer could claim that one was used.
        is_protected=is_protected and has_password,
    )


def _note(value: Any) -> DocumentNote | None:
    if value is None:
        return None
    try:
        # The parameters are checked first: Python cannot format integers of over 4,300 digits.
        note = note_from_json({**value, "params": _params(value["params"])})
    except (LookupError, TypeError, ValueError, AttributeError) as exc:
        raise MalformedAnswerError("an unknown kind of note") from exc
    assert note is not None
    skipped = tuple((_text(path), reason) for path, reason in note.skipped)
    return note._replace(message=_text(note.message), skipped=skipped)


def _params(values: Mapping[str, Any]) -> dict[str, Param]:
    """Return the parameters of a sentence, each a text or a number that can be formatted."""
    return {
        name: _text(value) if isinstance(value, str) else _integer(value, 0, _MAX_INTEGER)
        for name, value in values.items()
    }


def parse_image(header: Mapping[str, Any], data: bytes, size: tuple[int, int]) -> ScaledImage:
    """Return an image that was requested to fit into `size`, in pixels."""
    width, height = (header.get(side) for side in ("width", "height"))
    return _image([header.get("media_type"), width, height], data, size)


def parse_images(
    header: Mapping[str, Any], payload: bytes, sizes: Sequence[tuple[int, int]]
) -> list[ScaledImage]:
    """Split a payload into images, each of which was requested to fit into its size."""
    rows = _expect(list, header.get("images"))
    if len(rows) != len(sizes):
        raise MalformedAnswerError("another number of images than requested")
    images, start = [], 0
    for row, size in zip(rows, sizes, strict=True):
        end = start + _integer(_row(row, 4)[3], 0, len(payload) - start)
        images.append(_image(row[:3], payload[start:end], size))
        start = end
    return images


def _image(row: Sequence[Any], data: bytes, size: tuple[int, int]) -> ScaledImage:
    """Return an image, whose bytes must be in the stated format and size.

    Qt ignores the stated format: given an SVG, it would open the files that the SVG names.
    """
    media_type, width, height = row
    if media_type not in _IMAGE_TYPES or tuple(row) != read_image_header(data):
        raise MalformedAnswerError("an image in another format or size than stated")
    return ScaledImage(media_type, _integer(width, 1, size[0]), _integer(height, 1, size[1]), data)


def parse_chunks(payload: str, length: int) -> list[TextChunk]:
    """Return the chunks of a text of `length` characters."""
    return [
        TextChunk(*_span(row[:2], length), _integer(row[2], 0, _MAX_INTEGER))
        for row in _rows(payload, 3)
    ]


def parse_passages(payload: str, length: int) -> list[IndexedPassage]:
    """Return the passages of a text of `length` characters."""
    parsed = []
    for start, end, tokens, page, place, title, terms in _rows(payload, 7):
        parsed.append(
            IndexedPassage(
                *_span((start, end), length),
                _integer(tokens, 0, _MAX_INTEGER),
                None if page is None else _integer(page, 0, _MAX_INTEGER),
                _text(place),
                _text(title, _MAX_ROW_CHARS),
                _text(terms, _MAX_ROW_CHARS),
            )
        )
    return parsed


def parse_page_sizes(payload: str) -> list[tuple[float, float]]:
    """Return the width and height of each page of a document, in points.

    The payload is parsed at once, because `page_worker` limits it to a few megabytes.
    """
    rows = (_row(row, 2) for row in _expect(list, _parse_json(payload)))
    return [(_page_side(width), _page_side(height)) for width, height in rows]


def parse_decoded_image(header: Mapping[str, Any], data: bytes, size: tuple[int, int]) -> Pixels:
    """Return a decoded image that was requested to fit into `size`, in pixels."""
    width = _integer(header.get("width"), 1, size[0])
    height = _integer(header.get("height"), 1, size[1])
    return Pixels(width, height, parse_pixels(data, 4 * width * height))


def parse_pixels(data: bytes, size: int) -> bytes:
    """Return pixels that take `size` bytes."""
    if len(data) != size:
        raise MalformedAnswerError("another number of pixels than requested")
    return data


def parse_boxes(header: Mapping[str, Any]) -> list[Box]:
    """Return rectangles on a page."""
    rows = (_row(row, 4) for row in _expect(list, header.get("boxes")))
    return [Box(*map(_finite_number, row)) for row in rows]


def _rows(payload: str, columns: int) -> Iterator[list[Any]]:
    """Yield the rows of `protocol.rows_to_payload`, each parsed separately.

    A megabyte of brackets becomes twenty megabytes of lists, so parsing a payload at once could
    exhaust the memory.
    """
    for match in re.finditer(r"[^\n]+", payload):
        if match.end() - match.start() > _MAX_ROW_CHARS:
            raise MalformedAnswerError("a row that is too long")
        yield _row(_parse_json(match[0]), columns)


def _parse_json(source: str | bytes) -> Any:
    try:
        return json.loads(source)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswerError("not JSON") from error


def _expect(kind: type[_T], value: Any) -> _T:
    if not isinstance(value, kind):
        raise MalformedAnswerError(f"not of type {kind.__name__}")
    return value


def _integer(value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise MalformedAnswerError("not a number in bounds")
    return value


def _positive_integers(value: Any, count: int) -> list[int]:
    return [_integer(number, 1, _MAX_INTEGER) for number in _row(value, count)]


def _span(value: Sequence[Any], length: int) -> tuple[int, int]:
    end = _integer(value[1], 0, length)
    return _integer(value[0], 0, end), end


def _finite_number(value: Any) -> float:
    # Comparisons with NaN are false.
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise MalformedAnswerError("not a number in bounds")
    return float(value)


def _page_side(value: Any) -> float:
    length = _finite_number(value)
    if not 1 <= length <= _MAX_PAGE_SIDE:
        raise MalformedAnswerError("a page of a size that PDF does not allow")
    return length


def _text(value: Any, max_chars: int = _MAX_TEXT_CHARS) -> str:
    text = _expect(str, value)
    if len(text) > max_chars:
        raise MalformedAnswerError("a text that is too long")
    return replace_surrogates(text)


def _matching_text(pattern: re.Pattern[str], value: Any) -> str:
    text = _text(value)
    if not pattern.fullmatch(text):
        raise MalformedAnswerError("a text that does not match its pattern")
    return text


def _row(value: Any, columns: int) -> list[Any]:
    row: list[Any] = _expect(list, value)
    if len(row) != columns:
        raise MalformedAnswerError("a row with another number of columns")
    return row
