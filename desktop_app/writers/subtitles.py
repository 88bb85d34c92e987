"""Transcripts as subtitles: SRT, and WebVTT of the W3C."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from desktop_app.i18n.translation import tr

_LINE: Final = re.compile(r"\[(\d\d+):(\d\d):(\d\d)\] (.+)")
_LAST_S: Final = 4.0
_NEAR_S: Final = 4.0
"""Between where a sentence seems to begin and the end of a pause that is taken for it."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")


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


def line_of(segment: Segment) -> str:
    """Return a segment with its time, and its speaker if known."""
    return f"[{time_mark(segment.start)}] {spoken_line(segment)}"


def time_mark(seconds: float) -> str:
    """Return a time in a recording.

    >>> time_mark(725.9)
    '00:12:05'
    """
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _nearest(moments: Sequence[float], second: float) -> float:
    return min(moments, key=lambda moment: abs(moment - second))


def spread(text: str, stretches: Sequence[tuple[float, float]]) -> list[Segment]:
    """Return the sentences of what is said between pauses, with times by their share of it.

    Args:
        stretches: the seconds where each begins and ends.
    """
    words = " ".join(text.split())
    parts = [part for part in _SENTENCE_END.split(words) if part]
    rate = sum(end - start for start, end in stretches) / max(1, sum(map(len, parts)))

    def moment(seconds: float) -> float:
        """Return the second of the recording after so much of what is spoken."""
        for start, end in stretches:
            if seconds <= end - start or end == stretches[-1][1]:
                break
            seconds -= end - start
        return start + seconds

    begins = [start for start, _ in stretches]  # after pauses, where sentences begin, too
    segments = []
    done = 0.0
    for part in parts:
        start, done = moment(done), done + len(part) * rate
        if begins and abs((nearest := _nearest(begins, start)) - start) < _NEAR_S:
            start = nearest
            del begins[: begins.index(nearest) + 1]
        segments.append(Segment(round(start, 2), round(max(start, moment(done)), 2), part))
    return segments


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
