"""Decides which images in `data:` URLs are drawn. Nothing is ever fetched.

A drawn image is a PNG, JPEG, GIF (its first frame) or WebP with few bytes, and few pixels according
to its header. All other images are shown as a name.

In Markdown, an image is `![name](address)`. Its address is a `data:` URL, which may be long. The
functions below `ends_in_address` find where a growing source may be cut, or must be shortened.
"""

from __future__ import annotations

import re
from base64 import b64decode
from functools import lru_cache
from typing import Final

from desktop_app.domain.documents.image_header import read_image_header
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import PICTURE, Run

MAX_IMAGE_BYTES: Final = 16 * 1024
"""Maximum bytes of a drawn image, an arbitrary number."""

MAX_PIXELS: Final = 1_000_000
"""Maximum pixels of a drawn image, width times height: a few bytes can expand to a huge image."""

MAX_ADDRESS_LENGTH: Final = MAX_IMAGE_BYTES * 4 // 3 + 64
"""Characters: four for three bytes of the image, and 64 for the start of the URL."""

_IMAGE_ADDRESS: Final = lazy_pattern(
    r"data:image/(?:png|jpeg|gif|webp);base64,(?P<data>[A-Za-z0-9+/]+={0,2})", re.IGNORECASE
)
_INCOMPLETE_ADDRESS: Final = lazy_pattern(
    r"\]\(data:image/[a-z]{3,4};base64,[A-Za-z0-9+/]*+=*+\Z", re.IGNORECASE
)
_ADDRESS_REST: Final = lazy_pattern(r"[A-Za-z0-9+/]*=*")
_ADDRESS_OPENING: Final = "](data:image/"
_MAX_NAME_LENGTH: Final = 400
"""Characters; an image is not split within its name unless the name is longer."""
_ADDRESS_IN_SOURCE: Final = lazy_pattern(
    r"\]\(data:image/[a-z]{3,4};base64,[A-Za-z0-9+/=]*", re.IGNORECASE
)
_NO_ADDRESS_CHARACTER: Final = lazy_pattern(r"[^A-Za-z0-9+/=]")


def image_runs(name: str, target: str) -> tuple[Run, ...]:
    """Return the runs of a drawn image and its name; () if the image is not drawn."""
    if image_size_of(target) is None:
        return ()
    name_run = Run(name or tr("picture"), image=True, note=True, link=target)
    return Run(PICTURE, image=True, link=target), name_run


def is_drawn_image(run: Run) -> bool:
    """Return True if a run is a drawn image, not words."""
    return run.image and run.text == PICTURE


def is_image_name(run: Run) -> bool:
    """Return True if a run is the name of the image before it."""
    return run.image and run.note


def image_bytes_of(target: str) -> bytes | None:
    """Return the bytes in the address of an image; None if it is too long, or not of an image."""
    if len(target) > MAX_ADDRESS_LENGTH:
        return None
    match = _IMAGE_ADDRESS.fullmatch(target)
    if match is None:
        return None
    data = match["data"]
    if len(data.rstrip("=")) % 4 == 1:  # a single Base64 digit is less than a byte
        return None
    missing_padding = "=" * (-len(data) % 4)
    return b64decode(data + missing_padding)


@lru_cache(maxsize=128)
def image_size_of(target: str) -> tuple[int, int] | None:
    """Return the width and height in pixels of the image in an address, None if it is not drawn."""
    data = image_bytes_of(target)
    if data is None or len(data) > MAX_IMAGE_BYTES:
        return None
    header = read_image_header(data)
    if header is None or min(header.width, header.height) < 1:
        return None
    if header.width * header.height > MAX_PIXELS:
        return None
    return header.width, header.height


def ends_in_address(source: str, added_length: int, *, ended_in_address: bool) -> bool:
    """Return True if a source ends within the address of an image, which is not too long yet.

    Args:
        added_length: the number of characters at the end that have not been checked before.
        ended_in_address: True if the source without these characters ended within an address.
    """
    begin = source.rfind(_ADDRESS_OPENING, max(0, len(source) - MAX_ADDRESS_LENGTH))
    if begin < 0 or source.find(")", begin) >= 0:
        return False
    checked_length = len(source) - added_length
    # Past the comma, only the new characters have to be checked, not the whole address again.
    if ended_in_address and "," in source[begin:checked_length]:
        return _ADDRESS_REST.fullmatch(source, checked_length) is not None
    return _INCOMPLETE_ADDRESS.match(source, begin) is not None


def find_overlong_range(source: str, added_length: int) -> tuple[int, int] | None:
    """Return the range of an image's address beyond the maximum length, None if there is none.

    Args:
        added_length: the number of characters at the end that have not been checked before.
    """
    begin = source.find(_ADDRESS_OPENING, max(0, len(source) - added_length - MAX_ADDRESS_LENGTH))
    end = begin + MAX_ADDRESS_LENGTH
    if begin < 0 or end >= len(source):
        return None
    address = _ADDRESS_IN_SOURCE.match(source, begin)
    if address is None or address.end() <= end:
        return None
    return end, address.end()


def drop_address_rest(text: str) -> str:
    """Return the text without its beginning, which is the rest of an image's address."""
    match = _NO_ADDRESS_CHARACTER.search(text)
    return text[match.start() :] if match else ""


def move_cut_outside_image(source: str, cut: int) -> int:
    """Return `cut`, or a position beside the image that a cut there would split.

    An image is split nevertheless if its address is too long for a drawn image. One with a name
    longer than `_MAX_NAME_LENGTH` may be split within its name.
    """
    search_end = cut + len(_ADDRESS_OPENING) - 1
    begin = source.rfind(_ADDRESS_OPENING, max(0, cut - MAX_ADDRESS_LENGTH), search_end)
    if begin < 0 or 0 <= source.find(")", begin) < cut:
        name_start = source.rfind("![", max(0, cut - _MAX_NAME_LENGTH - 2), cut + 1)
        begin = source.find("](", name_start) if name_start >= 0 else -1
        if begin < cut or not source.startswith(_ADDRESS_OPENING, begin):
            return cut
    end = source.find(")", begin)
    if end > begin + MAX_ADDRESS_LENGTH:
        return cut
    if 0 < end < len(source) - 1:
        after_image = end + 1
        # A space after the image stays with it, so that the next text does not begin with a space.
        return after_image + 1 if source[after_image].isspace() else after_image
    # The image is not complete, or nothing follows it yet: cut before it.
    return max(0, source.rfind("![", 0, begin + 1))
