"""Packed runs equal the original runs and share common data."""

from __future__ import annotations

import pytest

from desktop_app.rendering.block_model import Kind, Run
from desktop_app.rendering.incremental.block_stream import BlockStream, render
from desktop_app.rendering.incremental.packed_runs import (
    PackedRuns,
    join_runs,
    skip_shared_packs,
    styles_of,
    text_of,
    texts_of_runs,
    with_last,
)

RUNS = tuple(
    Run(f"{number}🙂é"[: 1 + number % 5], bold=number % 3 == 0, link="x" * (number % 7))
    for number in range(700)
)


def long(runs: tuple[Run, ...] = RUNS) -> PackedRuns:
    return PackedRuns((), runs)


@pytest.mark.parametrize("count", [1, 128, 129, 256, 257, 700])
def test_unpacked_runs_equal_the_packed_ones(count: int) -> None:
    runs = RUNS[:count]

    assert tuple(long(runs)) == runs
    assert long(runs) == runs
    assert hash(long(runs)) == hash(runs)
    assert len(long(runs)) == count
    assert [long(runs)[at] for at in range(-count, count)] == [*runs, *runs]
    assert tuple(reversed(long(runs))) == runs[::-1]
    assert list(texts_of_runs(long(runs))) == [run.text for run in runs]
    assert text_of(long(runs)) == text_of(runs)
    assert {run[1:] for run in styles_of(long(runs))} == {run[1:] for run in runs}


@pytest.mark.parametrize("first", [0, 1, 127, 128, 300, 640, 699, 700, -5])
@pytest.mark.parametrize("end", [None, 0, 1, 128, 129, 640, 641, 700, -1])
def test_a_slice_is_a_tuple(first: int, end: int | None) -> None:
    for step in (None, 3, -1, -200):
        assert long()[first:end:step] == RUNS[first:end:step]


def test_indices_beyond_the_ends_raise_an_error() -> None:
    for at in (700, -701):
        with pytest.raises(IndexError):
            long()[at]


@pytest.mark.parametrize("at", [3, 127, 300, 699])
def test_a_different_run_makes_the_sequences_unequal(at: int) -> None:
    other = (*RUNS[:at], RUNS[at]._replace(italic=True), *RUNS[at + 1 :])

    assert long() != long(other)
    assert long() != other
    assert RUNS[at] in long()
    assert other[at] not in long()
    assert long() != long(RUNS[:-1])


@pytest.mark.parametrize(("at", "alike"), [(0, 0), (127, 0), (128, 128), (500, 384), (699, 640)])
def test_the_shared_length_before_a_change_is_known(at: int, alike: int) -> None:
    other = (*RUNS[:at], RUNS[at]._replace(italic=True), *RUNS[at + 1 :])

    assert skip_shared_packs(long(), long(other)) == (alike, RUNS[alike:], other[alike:])


@pytest.mark.parametrize("at", [5, 127, 128, 129, 256, 500])
def test_equal_texts_are_equal_however_they_grew(at: int) -> None:
    extended = join_runs(join_runs((), RUNS[:at]), RUNS[at:])

    assert extended == long() == RUNS


def test_the_last_run_grows_in_place() -> None:
    more = RUNS[-1]._replace(text=" and more")
    whole = RUNS[-1]._replace(text=RUNS[-1].text + more.text)

    assert join_runs(long(), (more,)) == (*RUNS[:-1], whole)
    assert with_last(long(), whole) == (*RUNS[:-1], whole)
    assert with_last(RUNS[:3], whole) == (*RUNS[:2], whole)


def test_texts_with_a_common_prefix_are_compared_from_near_its_end() -> None:
    text = long()
    extended = join_runs(text, (Run("more", italic=True),))

    at, old, new = skip_shared_packs(text, extended)

    assert at == 640
    assert (old, new) == (RUNS[640:], extended[640:])
    assert skip_shared_packs(text, long(RUNS[1:])) == (0, RUNS, RUNS[1:])


@pytest.mark.slow
def test_a_streamed_long_paragraph_is_packed() -> None:
    source = "".join(f"some **bold {n}** and `code`, [a link](https://x.y) " for n in range(200))
    stream, arrived = BlockStream(), []
    for at in range(0, len(source), 37):
        stream.feed(source[at : at + 37])
        arrived.append(stream.blocks[-1].runs)
    stream.finish()

    (block,) = stream.blocks

    assert block.kind is Kind.PARAGRAPH
    assert isinstance(arrived[-1], PackedRuns)
    assert isinstance(block.runs, PackedRuns)
    assert stream.blocks == render(source)
    assert [run.text for run in block.runs if run.bold] == [f"bold {n}" for n in range(200)]
