"""The segments of this store: made of its changes, and made again from what they hold.

A segment is committed before it is written to the storage, and written again after a kill. What it
holds is noted in `sync_held`, so that it can be made again: without what was deleted or overtaken,
or because a reader has found it torn. The functions run in a transaction of the caller's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from desktop_app.storage.schema import latest_version
from desktop_app.sync.device_state import read_seen, require_state, set_state
from desktop_app.sync.entries import BATCH_CHARS, Held, entries_of, take_changes
from desktop_app.sync.format import LibraryKey, Segment, Span, pack, segment_name

_JOINED_ENTRIES: Final = 500
"""More are not written again because of a few small segments beside them."""
_JOINED_SEGMENTS: Final = (4, 32)
_JOINED_BYTES: Final = 1 << 19


def make_segment(connection: sqlite3.Connection, key: LibraryKey) -> tuple[int, bool]:
    """Commit the oldest changes as a sealed segment; return their number, and if more follow."""
    device, state = require_state(connection)
    changes = take_changes(connection)
    if not changes.entries:
        return 0, bool(changes.keys)
    number = state.number + 1
    span = Span(number, number)
    segment = Segment(latest_version(), read_seen(connection), changes.entries)
    body = pack(key, segment_name(device, span), number, segment)
    connection.execute("INSERT INTO sync_outbox VALUES (?, ?)", (number, body))
    hold(connection, changes.held, number)
    spans = (*state.spans, span)
    set_state(connection, number=number, spans=spans, tail=state.tail + len(body))
    return len(changes.entries), True


def hold(connection: sqlite3.Connection, held: Iterable[Held], number: int) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO sync_held (kind, id, number, is_whole) VALUES (?, ?, ?, ?)",
        [(*each[:2], number, int(each.is_whole)) for each in held],
    )


def drop_segments(connection: sqlite3.Connection, base: int) -> None:
    """Forget the segments that were sent again."""
    _, state = require_state(connection)
    connection.execute("DELETE FROM sync_held WHERE number <= ?", (base,))
    spans = tuple(span for span in state.spans if span.last > base)
    set_state(connection, spans=spans, base=0)


class SegmentPlan(NamedTuple):
    """The segments to write again, in groups that become one, and what to remember of the count."""

    groups: list[list[Span]]
    state: dict[str, Any] | None = None


def plan_segments(connection: sqlite3.Connection, torn: Collection[int]) -> SegmentPlan:
    _, state = require_state(connection)
    sql = "SELECT DISTINCT number FROM sync_held WHERE is_stale"
    numbers = {*torn, *(row[0] for row in connection.execute(sql))}
    bad = {span for span in state.spans if span in state.rewriting}
    bad |= {s for s in state.spans if any(s.first <= number <= s.last for number in numbers)}
    least, most = _JOINED_SEGMENTS
    due = len(state.spans) - state.joined >= max(least, min(most, state.entries // 100))
    if not due and state.tail < _JOINED_BYTES:
        return SegmentPlan([[span] for span in state.spans if span in bad])
    # What a later segment holds whole is overtaken.
    sql = """SELECT number, count(*), sum(later) FROM (
        SELECT number, coalesce(max(CASE WHEN is_whole THEN number END)
            OVER (PARTITION BY kind, id) > number, FALSE) AS later FROM sync_held)
        GROUP BY number"""
    counts = {number: (count, later) for number, count, later in connection.execute(sql)}
    groups: list[list[Span]] = [[]]
    total = entries = 0
    for span in state.spans:
        within = [counts[number] for number in counts if span.first <= number <= span.last]
        count, later = (sum(each) for each in zip(*within, strict=True)) if within else (0, 0)
        live = count - later
        if later * 2 > count:
            bad.add(span)
        if total + live > _JOINED_ENTRIES:
            groups.append([])
            total = 0
        total += live
        entries += live
        groups[-1].append(span)
    groups = [group for group in groups if len(group) > 1 or bad.intersection(group)]
    joined = len(state.spans) - sum(len(group) - 1 for group in groups)
    return SegmentPlan(groups, {"entries": entries, "joined": joined, "tail": 0})


def remake_segment(connection: sqlite3.Connection, spans: list[Span]) -> Segment:
    """Return what segments hold as the store has it now; `spans` loses what is too much."""
    entries: list[Any] = []
    done: set[tuple[str, str]] = set()
    chars = 0
    for index, span in enumerate(tuple(spans)):
        sql = """SELECT kind, id, number FROM sync_held AS h WHERE number BETWEEN ? AND ?
            ORDER BY number"""
        rows = connection.execute(sql, (span.first, span.last)).fetchall()
        sql = """SELECT 1 FROM sync_held WHERE kind = ? AND id = ? AND number > ? AND is_whole"""
        keys = {
            (kind, id_): None
            for kind, id_, _ in rows
            if (kind, id_) not in done
            and connection.execute(sql, (kind, id_, span.last)).fetchone() is None
        }
        made = entries_of(connection, keys)
        if index and chars + made.chars > BATCH_CHARS:
            del spans[index:]
            break
        chars += made.chars
        entries += made.entries
        done.update(keys)
        first = {(kind, id_): number for kind, id_, number in reversed(rows)}
        last = {(kind, id_): number for kind, id_, number in rows}
        connection.execute("DELETE FROM sync_held WHERE number BETWEEN ? AND ?", tuple(span))
        for each in made.held:
            numbers = first if each.kind == "messages" else last  # messages hardly change
            hold(connection, [each], numbers[each[:2]])
    _, state = require_state(connection)
    set_state(connection, rewriting=tuple({*state.rewriting, *spans}))
    return Segment(latest_version(), {}, entries)


def replace_segments(connection: sqlite3.Connection, spans: Sequence[Span]) -> None:
    _, state = require_state(connection)
    whole = Span(spans[0].first, spans[-1].last)
    left = tuple(sorted({*state.spans, whole}.difference(spans if len(spans) > 1 else ())))
    rewriting = tuple(span for span in state.rewriting if span not in spans)
    set_state(connection, spans=left, rewriting=rewriting)
