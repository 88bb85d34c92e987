"""Removes keys from a server's output, in each likely spelling.

Servers, gateways and proxies repeat a request in error messages, ids and answers. The search
compares only ASCII letters and digits, in lower case. So it finds a key in any case, and with any
other characters in between (blanks, line ends, invisible characters, the zeros of UTF-16). It also
finds keys that are reversed, hexadecimal, decimal, or in base32 or base64.
Escapes (%2D, \\u002d, \\x2d, =2D, &#45;) are decoded first; those of all characters but printable
ASCII (\\u200b, \\n) count as blanks.

A short key, or a key without digits, could be a word. It is searched for only with its exact case
and without gaps, plain or in one of these encodings. A still shorter one is not searched for. Local
servers accept any key, such as "lm-studio", and an answer may contain that word for other reasons.
"""

from __future__ import annotations

import html
import json
import re
from array import array
from base64 import b32encode, b64encode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import compress
from math import gcd
from typing import Final
from urllib.parse import quote

REMOVED: Final = "[key removed]"
_REMOVED_BYTES: Final = REMOVED.encode()
MIN_SECRET_CHARS: Final = 8
"""A shorter secret is not searched for, even if it has a digit."""
MIN_CHARS_WITHOUT_DIGITS: Final = 16
"""A shorter secret without digits is not searched for."""
MIN_CHARS_FOR_LOOSE_SEARCH: Final = 16
"""A secret with fewer letters and digits, or without a digit, is searched for exactly.

In each spelling, its case must match, and it must have no gaps.
"""
_MIN_HELD_CHARS: Final = 4
"""A delta's end is held if it has at least this many characters that may begin a key."""
_MAX_GAP_BYTES: Final = 40
"""Nothing is held if this many bytes at a delta's end have no ASCII letter or digit."""

_Bytes = bytes | bytearray
_Views = tuple[bytes, bytes]
_ViewMaker = Callable[[_Bytes], bytes]
_Encode = Callable[[bytes], bytes]
_NO_VIEWS: Final[_Views] = (b"", b"")

_LETTERS_AND_DIGITS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_OTHER_BYTES: Final = bytes(set(range(256)) - set(_LETTERS_AND_DIGITS))
_LOWER: Final = bytes(range(256)).lower()
_IS_LETTER_OR_DIGIT: Final = bytes(byte in _LETTERS_AND_DIGITS for byte in range(256))

# Escapes, even if escaped twice. Those of printable ASCII have a group; others, such as the
# zero-width spaces that a server puts between the characters of a key, count as blanks. Each branch
# begins with a distinct character, so that text without escapes is scanned fast. Repetitions are
# bounded and possessive, because a megabyte of backslashes would take a minute.
_ESCAPE: Final = re.compile(
    rb"""
    %(?:25){0,3}+(?:(?P<percent>[2-7][0-9a-fA-F])|[0-9a-fA-F]{2})
    | =(?:(?P<equals>[2-7][0-9a-fA-F])|[89A-F][0-9A-F]|0[AD])
    | &(?:amp;){0,2}+\#(?:
        [xX]0{0,4}+(?P<html>[2-7][0-9a-fA-F])(?![0-9a-fA-F]{1,4};)
        | 0{0,4}+(?P<decimal>3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6])(?![0-9]{1,5};)
        | (?:[xX][0-9a-fA-F]{1,8}|[0-9]{1,8});
      );?
    | \\{1,4}+(?:
        [uU](?:
          \{0{0,4}+(?P<braced>[2-7][0-9a-fA-F])\}
          | 0{6}(?P<long>[2-7][0-9a-fA-F])
          | 00(?P<u>[2-7][0-9a-fA-F])
          | \{[0-9a-fA-F]{1,6}\}
          | (?<=U)00[01][0-9a-fA-F]{5}
          | [0-9a-fA-F]{4}
        )
        | [xX](?:(?P<x>[2-7][0-9a-fA-F])|\{[0-9a-fA-F]{1,6}\}|[0-9a-fA-F]{2})
        | (?P<octal>0?[4-7][0-7]|1[0-7]{2})
        | [0-3][0-7]{2}
        | (?P<itself>["'/])
        | [nrtbfv]
      )
    """,
    re.VERBOSE,
)
# The beginning of an escape, at the end of a delta.
_INCOMPLETE_ESCAPE: Final = re.compile(
    rb"(?:%(?:25){0,3}2?[0-9a-f]{0,2}"
    rb"|\\{1,4}(?:u\{?[0-9a-f]{0,7}|x\{?[0-9a-f]{0,5}|[0-7]{0,2})"
    rb"|&(?:amp;){0,2}(?:a|am|amp|\#x?[0-9a-f]{0,8})?"
    rb"|=[0-9a-f]{0,2})\Z",
    re.IGNORECASE,
)
_BASE_OF_GROUP: Final = {"decimal": 10, "octal": 8}
_ESCAPE_STARTS: Final = (b"%", b"\\", b"&", b"=")
_MAX_INCOMPLETE_ESCAPE_BYTES: Final = 16
_MAX_ESCAPE_BYTES: Final = 24
_MAX_MAPS: Final = 16  # in memory; each takes eight times the memory of its slice
_SLICE_BYTES: Final = 32 * 1024  # bytes; some 10 ms if all of them are escapes


class Redactor:
    """Removes secrets from text. Without secrets, text stays as it is."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        searchable = [secret for secret in secrets if _is_searchable(secret)]
        exact = [secret for secret in searchable if not _may_search_loosely(secret)]
        loose = [secret for secret in searchable if _may_search_loosely(secret)]
        searches = (
            _Search(_make_needles(exact, _unchanged), _unchanged, b"\1" * 256),
            _Search(
                _make_needles(loose, _letters_and_digits), _letters_and_digits, _IS_LETTER_OR_DIGIT
            ),
        )
        self.searches = tuple(search for search in searches if search.needles)

    def clean(self, text: str) -> str:
        """Return `text` with each secret replaced by REMOVED.

        JSON stays valid JSON if the secret is within one of its strings.
        """
        data = _encode(text)
        cleaned = self.clean_bytes(data)
        return text if cleaned is data else _decode(cleaned)

    def clean_bytes(self, data: _Bytes) -> _Bytes:
        """Return UTF-8 text with each secret replaced by REMOVED; `data` itself if it has none.

        A megabyte takes milliseconds, or 0.25 s if all of it is escapes: call it in a thread.
        """
        for search in self.searches:
            data = search.clean(data)
        return data

    def stream(self) -> RedactedStream:
        """Return a filter for text that comes in pieces."""
        return RedactedStream(self)


class RedactedStream:
    """A redactor of one text that arrives in pieces; a secret may be cut anywhere.

    The end of a piece that may begin a secret is delayed until the next piece or the end of the
    text. A few letters of a secret are not delayed, because many words end with them.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._streams = [_SearchedStream(search) for search in redactor.searches]

    def feed(self, text: str) -> str:
        """Return the text that can be passed on after `text` has arrived."""
        data = released = _encode(text)
        for stream in self._streams:
            released = stream.feed(released)
        return text if released is data else _decode(released)

    def release(self) -> str:
        """Return the delayed text, except letters that may begin a secret.

        Unlike after `end`, the next piece continues the text.
        """
        data = b""
        for stream in self._streams:
            data = stream.feed(data) + stream.release()
        return _decode(data)

    def end(self) -> str:
        """Return the delayed text; the next piece begins another text."""
        data = b""
        for stream in self._streams:
            data = stream.feed(data) + stream.end()
        return _decode(data)


@dataclass(frozen=True)
class _MappedView:
    """A view of a text: the bytes that are compared, with their positions in the text."""

    data: bytes
    starts: array[int]
    ends: array[int]


_Mapper = Callable[[int, int], _MappedView]


class _SearchedView:
    """A view of a long text, in slices; only slices with a hit are mapped.

    A map takes eight times the memory of its text.

    Args:
        view_before: the end of the view of the preceding text.
    """

    def __init__(self, view_before: bytes) -> None:
        self._length_before = len(view_before)
        self._pieces = [view_before]
        self._view_begins = [len(view_before)]
        self._text_begins = [0]
        self._maps: dict[int, _MappedView] = {}

    def add(self, piece: _Bytes, view: bytes) -> None:
        """Add the next slice of the text and of its view."""
        self._pieces.append(view)
        self._view_begins.append(self._view_begins[-1] + len(view))
        self._text_begins.append(self._text_begins[-1] + len(piece))

    def take_joined(self) -> bytes:
        """Return the whole view, and free the memory of its pieces."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    def span(self, first: int, last: int, map_slice: _Mapper) -> tuple[int, int] | None:
        """Return the span in the text of a range of the view; None if it ends before the text."""
        if last < self._length_before:
            return None
        start = self._span_of_byte(first, map_slice)[0] if first >= self._length_before else 0
        return start, self._span_of_byte(last, map_slice)[1]

    def _span_of_byte(self, index: int, map_slice: _Mapper) -> tuple[int, int]:
        slice_index = bisect_right(self._view_begins, index) - 1
        begin = self._text_begins[slice_index]
        if slice_index not in self._maps:
            if len(self._maps) == _MAX_MAPS:
                self._maps.clear()
            self._maps[slice_index] = map_slice(begin, self._text_begins[slice_index + 1])
        offset, view = index - self._view_begins[slice_index], self._maps[slice_index]
        return begin + view.starts[offset], begin + view.ends[offset]


class _Search:
    """A search for secrets in two views of a text: as it is, and with escapes decoded.

    Args:
        needles: the spellings, as they are in a view.
        make_view: makes a view from bytes, without the bytes for which `kept_mask` has 0.
    """

    def __init__(self, needles: Iterable[bytes], make_view: _ViewMaker, kept_mask: bytes) -> None:
        self.needles = tuple(needles)
        self._shortest = min(map(len, self.needles), default=0)
        self._longest = max(map(len, self.needles), default=0)
        self._prefixes = [(needle[:_MIN_HELD_CHARS], needle) for needle in self.needles]
        self._make_view = make_view
        self._kept_mask = kept_mask

    def views(self, data: _Bytes) -> _Views:
        """Return both views of a text; they are one object if it has no escapes."""
        # In slices, because translating 16 MB in one call blocks other threads for 20 ms.
        make_view = self._make_view
        view = (
            b"".join(map(make_view, _split_slices(data)))
            if len(data) > _SLICE_BYTES
            else make_view(data)
        )
        if _may_have_escape(data):
            slices = [make_view(_ESCAPE.sub(_unescape, piece)) for piece in _split_slices(data)]
            decoded = b"".join(slices)
            if decoded != view:
                return view, decoded
        return view, view

    def has_hit(self, views: _Views) -> bool:
        """Return True if a secret is in a view."""
        view, decoded = views
        return self._contains_needle(view) or (
            decoded is not view and self._contains_needle(decoded)
        )

    def _contains_needle(self, view: bytes) -> bool:
        if len(view) >= self._shortest:  # most deltas are shorter
            for needle in self.needles:
                if needle in view:
                    return True
        return False

    def clean(self, data: _Bytes, views_before: _Views = _NO_VIEWS) -> _Bytes:
        """Return the text without secrets; `data` itself if it has none.

        Args:
            views_before: the views of the end of the text before `data`.
        """
        spans = self.find_spans(data, views_before)
        return data if spans is None else _replace_spans(data, spans)

    def find_spans(self, data: _Bytes, views_before: _Views) -> Iterator[tuple[int, int]] | None:
        """Return the spans of the secrets in the order of their starts; None if there are none.

        They may overlap.
        """
        views = self.views(data)
        if not self.has_hit(_append_views(views_before, views)):
            return None
        has_escapes = views[0] is not views[1] or views_before[0] != views_before[1]
        del views  # each takes as much memory as the text
        spans_by_needle = self._spans_by_needle(data, views_before[0], escapes=False)
        if has_escapes:
            spans_by_needle += self._spans_by_needle(data, views_before[1], escapes=True)
        return merge(*spans_by_needle)

    def _spans_by_needle(
        self, data: _Bytes, view_before: bytes, *, escapes: bool
    ) -> list[Iterator[tuple[int, int]]]:
        """Return the spans of each needle in the text, in order."""
        view = _SearchedView(view_before)
        for piece in _split_slices(data):
            decoded = _ESCAPE.sub(_unescape, piece) if escapes else piece
            view.add(piece, self._make_view(decoded))
        whole = view.take_joined()

        def map_slice(begin: int, end: int) -> _MappedView:
            return self.map_view(data[begin:end], escapes=escapes)

        return [_spans_of(n, whole, view, map_slice) for n in self.needles if n in whole]

    def map_view(self, data: _Bytes, *, escapes: bool) -> _MappedView:
        """Return a view with the position of each of its bytes; slower than `views`."""
        view_bytes, starts, ends = bytearray(), array("I"), array("I")  # no reply takes 4 GB

        def add_text(begin: int, end: int) -> None:
            piece = data[begin:end]
            view_bytes.extend(self._make_view(piece))
            is_kept = piece.translate(self._kept_mask)
            starts.extend(compress(range(begin, end), is_kept))
            ends.extend(compress(range(begin + 1, end + 1), is_kept))

        begin = 0
        for piece in _split_slices(data):
            mapped_end = begin
            for escape in _ESCAPE.finditer(piece) if escapes else ():
                add_text(mapped_end, begin + escape.start())
                mapped_end = begin + escape.end()
                character = self._make_view(_unescape(escape))
                if character:
                    view_bytes.extend(character)
                    starts.append(begin + escape.start())
                    ends.append(mapped_end)
            begin += len(piece)
            add_text(mapped_end, begin)
        return _MappedView(bytes(view_bytes), starts, ends)

    def incomplete_match_start(self, data: bytes, views_before: _Views) -> int:
        """Return the offset of a secret or escape that the end may cut off, else `len(data)`."""
        complete = data[: _incomplete_escape_start(data)]
        held_start = len(complete)
        if held_start > _MAX_GAP_BYTES and not self.views(complete[-_MAX_GAP_BYTES:])[0]:
            return held_start
        whole = _append_views(views_before, self.views(complete))
        for view_index in (0,) if whole[0] is whole[1] else (0, 1):
            cut_start = self.find_cut(whole[view_index])
            if cut_start is not None:
                offset = cut_start - len(views_before[view_index])
                start = (
                    self.map_view(complete, escapes=view_index == 1).starts[offset]
                    if offset > 0
                    else 0
                )
                held_start = min(held_start, start)
        return held_start

    def find_cut(self, view: bytes) -> int | None:
        """Return the offset of the first needle that the end of the view cuts off; None if none."""
        first: int | None = None
        if len(view) > self._longest:  # a cut needle begins in the last `_longest` bytes
            skipped = len(view) - self._longest
            first = self.find_cut(view[skipped:])
            return None if first is None else skipped + first
        for prefix, needle in self._prefixes:
            if prefix not in view:
                continue
            start = view.find(prefix, max(0, len(view) - len(needle) + 1))
            while start != -1 and not needle.startswith(view[start:]):
                start = view.find(prefix, start + 1)
            if start != -1:
                first = start if first is None else min(first, start)
        return first


class _SearchedStream:
    """A search in one text that arrives in pieces."""

    def __init__(self, search: _Search) -> None:
        self._search = search
        self._held_bytes = b""
        self._views_before = _NO_VIEWS

    def feed(self, data: bytes) -> bytes:
        if not data:
            return data
        search = self._search
        if self._held_bytes:
            data, self._held_bytes = self._held_bytes + data, b""
        views = _append_views(self._views_before, search.views(data))
        is_plain = views[0] is views[1] and not search.has_hit(views)
        if (
            is_plain
            and search.find_cut(views[0]) is None
            and _incomplete_escape_start(data) == len(data)
        ):
            self._views_before = _tail_views(views)
            return data
        return self._feed_possible_secret(data)

    def _feed_possible_secret(self, data: bytes) -> bytes:
        search, views_before = self._search, self._views_before
        held_start, end = search.incomplete_match_start(data, views_before), 0
        removed_spans: list[tuple[int, int]] = []
        # A secret that begins at `held_start` or later is held, too: a longer one may contain it.
        for start, stop in search.find_spans(data, views_before) or ():
            if start >= max(held_start, end):
                break
            removed_spans.append((start, stop))
            end = max(end, stop)
            if held_start < end:  # the text after a removed secret may begin another
                held_start = end + search.incomplete_match_start(data[end:], _NO_VIEWS)
        if removed_spans:
            views_before = _NO_VIEWS
        self._views_before = _tail_views(
            _append_views(views_before, search.views(data[end:held_start]))
        )
        self._held_bytes = data[held_start:]
        return _replace_spans(data[:held_start], removed_spans)

    def release(self) -> bytes:
        views = _append_views(self._views_before, self._search.views(self._held_bytes))
        if any(self._search.find_cut(view) is not None for view in views):
            return b""
        released = self.end()
        self._views_before = _tail_views(views)
        return released

    def end(self) -> bytes:
        held, views_before = self._held_bytes, self._views_before
        self._held_bytes, self._views_before = b"", _NO_VIEWS
        return bytes(self._search.clean(held, views_before))


def _spans_of(
    needle: bytes, whole: bytes, view: _SearchedView, map_slice: _Mapper
) -> Iterator[tuple[int, int]]:
    index = whole.find(needle)
    while index != -1:
        span = view.span(index, index + len(needle) - 1, map_slice)
        if span is not None:
            yield span
        index = whole.find(needle, index + 1)


def _may_have_escape(data: _Bytes) -> bool:
    return b"\\" in data or b"%" in data or b"&" in data or b"=" in data


def _incomplete_escape_start(data: bytes) -> int:
    """Return the offset of an escape that the end of a text cuts off, else the text's length."""
    tail = data[-_MAX_INCOMPLETE_ESCAPE_BYTES:]
    match = _INCOMPLETE_ESCAPE.search(tail) if _may_have_escape(tail) else None
    return len(data) - len(tail) + match.start() if match else len(data)


def _tail_views(views: _Views) -> _Views:
    """Return the last few bytes of each view: too few to hold, but a secret may begin there."""
    view, decoded = views
    view_end = view[1 - _MIN_HELD_CHARS :]
    return view_end, view_end if decoded is view else decoded[1 - _MIN_HELD_CHARS :]


def _append_views(views_before: _Views, views: _Views) -> _Views:
    if not any(views_before):
        return views
    view = views_before[0] + views[0]
    if views[0] is views[1] and views_before[0] == views_before[1]:
        return view, view
    return view, views_before[1] + views[1]


def _is_searchable(secret: str) -> bool:
    has_digit = any(character in "0123456789" for character in secret)
    return len(secret) >= (MIN_SECRET_CHARS if has_digit else MIN_CHARS_WITHOUT_DIGITS)


def _may_search_loosely(secret: str) -> bool:
    """Return True if a secret can be searched for by its letters and digits alone."""
    has_digit = any(character in "0123456789" for character in secret)
    return has_digit and len(_letters_and_digits(secret.encode())) >= MIN_CHARS_FOR_LOOSE_SEARCH


def _unchanged(data: _Bytes) -> bytes:
    return bytes(data)


def _letters_and_digits(data: _Bytes) -> bytes:
    return bytes(data.translate(_LOWER, _OTHER_BYTES))


def _make_needles(secrets: Iterable[str], make_view: _ViewMaker) -> list[bytes]:
    needles: set[bytes] = set()
    for secret in secrets:
        spellings = list(_spellings(secret))
        spellings += [_ESCAPE.sub(_unescape, spelling) for spelling in spellings]
        # A spelling that contains a shorter one is left out, because the shorter one finds it.
        # This does not hold for two secrets: the rest of the longer one would stay in the text.
        own_needles = sorted({make_view(spelling) for spelling in spellings}, key=len)
        needles.update(
            n for i, n in enumerate(own_needles) if not any(short in n for short in own_needles[:i])
        )
    return sorted(needles, key=lambda needle: (len(needle), needle))


def _spellings(secret: str) -> Iterator[bytes]:
    """Yield the spellings of a secret in which a server may repeat it."""
    data = secret.encode()
    wide = secret.encode("utf-16-le")
    yield data
    yield secret[::-1].encode()
    yield html.escape(secret).encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    for digits in (data.hex(), wide.hex().removesuffix("00")):
        yield digits.encode()
        yield digits.upper().encode()
    yield "".join(f"0x{byte:02x}" for byte in data).encode()
    yield "".join(map(str, data)).encode()
    for raw in (data, wide):
        for encode in (b64encode, urlsafe_b64encode):
            yield from _cores(raw, encode, 6)
        yield from _cores(raw, b32encode, 5)


def _cores(data: bytes, encode: _Encode, bits: int) -> Iterator[bytes]:
    """Yield the encoded digits that depend only on `data`, for each possible alignment.

    Args:
        bits: the bits of a digit: 5 in base32, 6 in base64.
    """
    for bytes_before in range(bits // gcd(bits, 8)):
        encoded = encode(bytes(bytes_before) + data).rstrip(b"=")
        bits_after = (bytes_before + len(data)) * 8 % bits
        yield encoded[-(-bytes_before * 8 // bits) : len(encoded) - bool(bits_after)]


def _split_slices(data: _Bytes) -> Iterator[_Bytes]:
    """Split between escapes, so that no single call blocks other threads for long."""
    begin = 0
    while len(data) - begin > _SLICE_BYTES:
        end = begin + _SLICE_BYTES
        last = max(data.rfind(start, end - _MAX_ESCAPE_BYTES, end) for start in _ESCAPE_STARTS)
        end = last if last > begin else end
        while data[end - 1 : end] == b"\\" and end > begin + _SLICE_BYTES - 2 * _MAX_ESCAPE_BYTES:
            end -= 1
        yield data[begin:end]
        begin = end
    yield data[begin:]


def _unescape(match: re.Match[bytes]) -> bytes:
    group = match.lastgroup
    if group is None:
        return b" "
    if group == "itself":
        return match[group]
    return bytes([int(match[group], _BASE_OF_GROUP.get(group, 16))])


def _replace_spans(data: _Bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    """Return `data` with REMOVED in place of each span, given in the order of their starts."""
    pieces: list[memoryview] = []
    text, end = memoryview(data), 0
    for start, stop in spans:
        if start >= end:
            pieces.append(text[end:start])
        end = max(end, stop)
    return _REMOVED_BYTES.join([*pieces, text[end:]])


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: _Bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
