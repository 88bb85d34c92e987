"""The number of each match, counted from the first."""

from __future__ import annotations

from desktop_app.transcript.search.match_index import Match, MatchCount, MatchIndex


def test_matches_are_numbered_across_messages_and_wrap_around() -> None:
    tally = MatchIndex()
    tally.reset_counts(["b"])
    tally.set_order(["a", "b", "c", "d"])
    tally.add_counts({"a": MatchCount(1, 1), "d": MatchCount(0, 1)})
    assert (tally.total, tally.ids_without_match) == (3, {"b"})
    places = [None, Match("a", 0), Match("a", 1), Match("d", 0)]
    assert [tally.neighbor(place, 1) for place in places] == [*places[1:], Match("a", 0)]
    assert tally.neighbor(Match("a", 0), -1) == Match("d", 0) == tally.neighbor(None, -1)
    tally.add_counts({"c": MatchCount(0, 2)})
    assert [tally.number_of(tally.match_at(n)) for n in range(5)] == [1, 2, 3, 4, 5]
    assert tally.neighbor(Match("c", 7), 1) == Match("a", 0), "it has changed meanwhile"


def test_without_matches_there_is_no_neighbor() -> None:
    tally = MatchIndex()
    tally.set_order(["a"])
    assert tally.neighbor(None, 1) is None
    assert tally.total == 0
