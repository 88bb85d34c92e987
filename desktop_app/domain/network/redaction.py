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

Terms: A secret has several spellings, such as its base64. A view of a text has the bytes that are
compared, without the other bytes. A needle is a spelling as it is in a view. Each text has two
views, of the text as it is and of the text with its escapes decoded. A span is a range of bytes of
the text; a map says for each byte of a view which span of the text it comes from. Text that may be
the beginning of a secret is held until its continuation has come.
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
from math import ceil, gcd
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
"""The view of a text as it is, and that of the text with its escapes decoded."""
_ViewMaker = Callable[[_Bytes], bytes]
_Encode = Callable[[bytes], bytes]
_NO_VIEWS: Final[_Views] = (b"", b"")

_LETTERS_AND_DIGITS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_OTHER_BYTES: Final = bytes(set(range(256)) - set(_LETTERS_AND_DIGITS))
_LOWER: Final = bytes(range(256)).lower()
# For each byte, 1 if it is in a view.
_KEEP_LETTERS_AND_DIGITS: Final = bytes(byte in _LETTERS_AND_DIGITS for byte in range(256))
_KEEP_ALL: Final = b"\1" * 256

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
# The beginning of an escape that the end of a delta cuts off.
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
_SLICE_BYTES: Final = 32 * 1024  # some 10 ms of work if all of them are escapes


class Redactor:
    """Removes secrets from text. Without secrets, text stays as it is."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        searchable = [secret for secret in secrets if _is_searchable(secret)]
        exact = [secret for secret in searchable if not _may_search_loosely(secret)]
        loose = [secret for secret in searchable if _may_search_loosely(secret)]
        searches = (
            _Search(_make_needles(exact, _unchanged), _unchanged, _KEEP_ALL),
            _Search(
                _make_needles(loose, _letters_and_digits),
                _letters_and_digits,
                _KEEP_LETTERS_AND_DIGITS,
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

    The end of a piece that may begin a secret is held until the next piece or the end of the text.
    Fewer than _MIN_HELD_CHARS letters of a secret are not held, because many words end with them.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._streams = [_SearchedStream(search) for search in redactor.searches]

    def feed(self, text: str) -> str:
        """Return the text that can be passed on after `text` has arrived."""
        data = _encode(text)
        released = data
        for stream in self._streams:
            released = stream.feed(released)
        return text if released is data else _decode(released)

    def release(self) -> str:
        """Return the held text, except letters that may begin a secret.

        Unlike after `end`, the next piece continues the text.
        """
        data = b""
        for stream in self._streams:
            data = stream.feed(data) + stream.release()
        return _decode(data)

    def end(self) -> str:
        """Return the held text; the next piece begins another text."""
        data = b""
        for stream in self._streams:
            data = stream.feed(data) + stream.end()
        return _decode(data)


@dataclass(frozen=True)
class _MappedView:
    """A view with its map: the span of the text from which each byte of the view comes."""

    data: bytes
    starts: array[int]
    ends: array[int]


_Mapper = Callable[[int, int], _MappedView]
"""Returns the mapped view of the slice of the text that has this start and end."""


class _SearchedView:
    """A view of a long text, in slices; only slices with a hit are mapped.

    A map takes eight times the memory of its text.

    Args:
        view_before: the end of the view of the preceding text.
    """

    def __init__(self, view_before: bytes) -> None:
        self._length_before = len(view_before)
        self._views = [view_before]
        # The offset of each slice in the whole view, and in the text; then the end of the last one.
        self._view_starts = [len(view_before)]
        self._text_starts = [0]
        self._maps: dict[int, _MappedView] = {}

    def add(self, text_slice: _Bytes, view: bytes) -> None:
        """Add the next slice of the text and its view."""
        self._views.append(view)
        self._view_starts.append(self._view_starts[-1] + len(view))
        self._text_starts.append(self._text_starts[-1] + len(text_slice))

    def take_joined(self) -> bytes:
        """Return the whole view, and free the memory of the views of slices."""
        joined = b"".join(self._views)
        self._views = []
        return joined

    def span(self, first: int, last: int, map_slice: _Mapper) -> tuple[int, int] | None:
        """Return the span of the text for the bytes `first` to `last` of the view.

        Return None if they end in the preceding text.
        """
        if last < self._length_before:
            return None
        start = self._span_of_byte(first, map_slice)[0] if first >= self._length_before else 0
        return start, self._span_of_byte(last, map_slice)[1]

    def _span_of_byte(self, index: int, map_slice: _Mapper) -> tuple[int, int]:
        slice_index = bisect_right(self._view_starts, index) - 1
        slice_start = self._text_starts[slice_index]
        if slice_index not in self._maps:
            if len(self._maps) == _MAX_MAPS:
                self._maps.clear()
            slice_end = self._text_starts[slice_index + 1]
            self._maps[slice_index] = map_slice(slice_start, slice_end)
        view = self._maps[slice_index]
        offset = index - self._view_starts[slice_index]
        return slice_start + view.starts[offset], slice_start + view.ends[offset]


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
        if len(data) > _SLICE_BYTES:
            view = b"".join(map(make_view, _split_slices(data)))
        else:
            view = make_view(data)
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

        def map_slice(start: int, end: int) -> _MappedView:
            return self.map_view(data[start:end], escapes=escapes)

        return [_spans_of(n, whole, view, map_slice) for n in self.needles if n in whole]

    def map_view(self, data: _Bytes, *, escapes: bool) -> _MappedView:
        """Return a view with its map; slower than `views`."""
        view_bytes = bytearray()
        starts = array("I")  # 32 bits are enough: no reply takes 4 GB
        ends = array("I")

        def add_text(start: int, end: int) -> None:
            """Add text without escapes."""
            plain = data[start:end]
            view_bytes.extend(self._make_view(plain))
            is_kept = plain.translate(self._kept_mask)
            starts.extend(compress(range(start, end), is_kept))
            ends.extend(compress(range(start + 1, end + 1), is_kept))

        slice_start = 0
        for text_slice in _split_slices(data):
            mapped_end = slice_start
            found_escapes = _ESCAPE.finditer(text_slice) if escapes else ()
            for escape in found_escapes:
                escape_start = slice_start + escape.start()
                add_text(mapped_end, escape_start)
                mapped_end = slice_start + escape.end()
                character = self._make_view(_unescape(escape))
                if character:
                    view_bytes.extend(character)
                    starts.append(escape_start)
                    ends.append(mapped_end)
            slice_start += len(text_slice)
            add_text(mapped_end, slice_start)
        return _MappedView(bytes(view_bytes), starts, ends)

    def incomplete_match_start(self, data: bytes, views_before: _Views) -> int:
        """Return the offset of a secret or escape that the end may cut off, else `len(data)`."""
        complete = data[: _incomplete_escape_start(data)]
        held_start = len(complete)
        # The view is empty if no byte is a letter or a digit.
        if held_start > _MAX_GAP_BYTES and not self.views(complete[-_MAX_GAP_BYTES:])[0]:
            return held_start
        whole = _append_views(views_before, self.views(complete))
        view_indices = (0,) if whole[0] is whole[1] else (0, 1)
        for view_index in view_indices:
            cut_start = self.find_cut(whole[view_index])
            if cut_start is None:
                continue
            offset = cut_start - len(views_before[view_index])
            if offset <= 0:  # the secret begins in the preceding text, or with `data`
                return 0
            mapped = self.map_view(complete, escapes=view_index == 1)
            held_start = min(held_start, mapped.starts[offset])
        return held_start

    def find_cut(self, view: bytes) -> int | None:
        """Return the offset of the first needle that the end of the view cuts off; None if none."""
        if len(view) > self._longest:  # a cut needle begins in the last `_longest` bytes
            skipped = len(view) - self._longest
            cut_start = self.find_cut(view[skipped:])
            return None if cut_start is None else skipped + cut_start
        first: int | None = None
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
            data = self._held_bytes + data
            self._held_bytes = b""
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
        """Return the text that can be passed on, without secrets; hold the rest."""
        search = self._search
        views_before = self._views_before
        held_start = search.incomplete_match_start(data, views_before)
        removed_spans: list[tuple[int, int]] = []
        removed_end = 0
        # A secret that begins at `held_start` or later is held, too: a longer one may contain it.
        for start, end in search.find_spans(data, views_before) or ():
            if start >= max(held_start, removed_end):
                break
            removed_spans.append((start, end))
            removed_end = max(removed_end, end)
            if held_start < removed_end:  # the text after a removed secret may begin another
                rest = data[removed_end:]
                held_start = removed_end + search.incomplete_match_start(rest, _NO_VIEWS)
        if removed_spans:
            views_before = _NO_VIEWS
        passed_views = search.views(data[removed_end:held_start])
        self._views_before = _tail_views(_append_views(views_before, passed_views))
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
        cleaned = self._search.clean(self._held_bytes, self._views_before)
        self._held_bytes = b""
        self._views_before = _NO_VIEWS
        return bytes(cleaned)


def _spans_of(
    needle: bytes, whole: bytes, view: _SearchedView, map_slice: _Mapper
) -> Iterator[tuple[int, int]]:
    """Yield the spans of a needle. `whole` are the bytes of `view`."""
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
    tail_length = _MIN_HELD_CHARS - 1
    view_tail = view[-tail_length:]
    if decoded is view:
        return view_tail, view_tail
    return view_tail, decoded[-tail_length:]


def _append_views(views_before: _Views, views: _Views) -> _Views:
    if not any(views_before):
        return views
    view = views_before[0] + views[0]
    if views[0] is views[1] and views_before[0] == views_before[1]:
        return view, view
    return view, views_before[1] + views[1]


def _is_searchable(secret: str) -> bool:
    return len(secret) >= (MIN_SECRET_CHARS if _has_digit(secret) else MIN_CHARS_WITHOUT_DIGITS)


def _may_search_loosely(secret: str) -> bool:
    """Return True if a secret can be searched for by its letters and digits alone."""
    compared_count = len(_letters_and_digits(secret.encode()))
    return _has_digit(secret) and compared_count >= MIN_CHARS_FOR_LOOSE_SEARCH


def _has_digit(secret: str) -> bool:
    return any(character in "0123456789" for character in secret)


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
        for index, needle in enumerate(own_needles):
            if not any(shorter in needle for shorter in own_needles[:index]):
                needles.add(needle)
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
            yield from _encoded_cores(raw, encode, 6)
        yield from _encoded_cores(raw, b32encode, 5)


def _encoded_cores(data: bytes, encode: _Encode, bits: int) -> Iterator[bytes]:
    """Yield the encoded digits that depend only on `data`, for each possible alignment.

    The number of bytes before `data` decides which bits share a digit. The first and the last digit
    may also depend on the bytes around `data`.

    Args:
        bits: the bits of a digit: 5 in base32, 6 in base64.
    """
    alignment_count = bits // gcd(bits, 8)
    for bytes_before in range(alignment_count):
        encoded = encode(bytes(bytes_before) + data).rstrip(b"=")
        first = ceil(bytes_before * 8 / bits)
        shares_last_digit = (bytes_before + len(data)) * 8 % bits != 0
        yield encoded[first : len(encoded) - shares_last_digit]


def _split_slices(data: _Bytes) -> Iterator[_Bytes]:
    """Split between escapes, so that no single call blocks other threads for long."""
    start = 0
    while len(data) - start > _SLICE_BYTES:
        end = start + _SLICE_BYTES
        last_escape = max(data.rfind(mark, end - _MAX_ESCAPE_BYTES, end) for mark in _ESCAPE_STARTS)
        if last_escape > start:
            end = last_escape
        # An escape may begin with several backslashes. A longer row of them is cut anywhere.
        earliest_end = start + _SLICE_BYTES - 2 * _MAX_ESCAPE_BYTES
        while data[end - 1 : end] == b"\\" and end > earliest_end:
            end -= 1
        yield data[start:end]
        start = end
    yield data[start:]


def _unescape(match: re.Match[bytes]) -> bytes:
    group = match.lastgroup
    if group is None:  # an escape of a character other than printable ASCII
        return b" "
    if group == "itself":
        return match[group]
    return bytes([int(match[group], _BASE_OF_GROUP.get(group, 16))])


def _replace_spans(data: _Bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    """Return `data` with REMOVED in place of each span, given in the order of their starts."""
    pieces: list[memoryview] = []  # the text between the spans; spans that overlap are one
    text = memoryview(data)
    removed_end = 0
    for start, end in spans:
        if start >= removed_end:
            pieces.append(text[removed_end:start])
        removed_end = max(removed_end, end)
    return _REMOVED_BYTES.join([*pieces, text[removed_end:]])


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: _Bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
