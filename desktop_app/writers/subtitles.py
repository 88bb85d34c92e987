"""Transcripts as subtitles: SRT, and WebVTT of the W3C."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from desktop_app.i18n.translation import tr

_LINE: Final = re.compile(r"\[(\d\d+):(\d\d):(\d\d)\] (.+)")
_LAST_S: Final = 4.0


class Segment(msgspec.Struct, frozen=True):
    """A few words, usually a sentence, and when they are said: seconds from the beginning.

    Attributes:
        speaker: a number from "1"; "" if speakers are not told apart.
    """

    start: float
    end: float
    text: str
    speaker: str = ""


def spoken_line(segment: Segment) -> str:
    """Return the words of a segment, after their speaker if known."""
    if not segment.speaker:
        return segment.text
    return tr("Speaker {number}: {words}", number=segment.speaker, words=segment.text)


def subtitles(segments: Iterable[Segment], form: str, first: int = 1) -> str:
    """Return subtitles, which end with an empty line; VTT begins with its mark if `first` is 1.

    Args:
        form: "srt" or "vtt".
        first: the number of the first one.
    """
    mark = "," if form == "srt" else "."
    head = "WEBVTT\n\n" if form == "vtt" and first == 1 else ""
    return head + "".join(
        f"{number}\n{_time(each.start, mark)} --> {_time(max(each.end, each.start + 0.01), mark)}\n"
        f"{_words(each, form)}\n\n"
        for number, each in enumerate(segments, first)
    )


def segments_of(text: str) -> list[Segment]:
    """Return the segments of a transcript's lines, each of which ends where the next begins."""
    found = [match for match in map(_LINE.fullmatch, text.splitlines()) if match]
    starts = [float(int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3])) for m in found]
    ends = [*starts[1:], starts[-1] + _LAST_S] if starts else []
    return [Segment(s, e, m[4]) for s, e, m in zip(starts, ends, found, strict=True)]


def _time(seconds: float, mark: str) -> str:
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{rest:03}"


def _words(segment: Segment, form: str) -> str:
    # An arrow would begin another time, and in VTT a tag is no text.
    words = " ".join(spoken_line(segment).split()).replace("-->", "→")
    return words if form == "srt" else words.replace("&", "&amp;").replace("<", "&lt;")
