"""Packed runs equal the original runs and share common data."""

from __future__ import annotations

import pytest

from desktop_app.rendering.block_model import Kind, Run
from desktop_app.rendering.incremental.block_stream import BlockStream, render
from desktop_app.rendering.incremental.packed_runs import (
    PackedRuns,
    skip_shared_packs,
    styles_of,
    text_of,
    texts_of_runs,
)

RUNS = tuple(
    Run(f"{number}🙂é"[: 1 + number % 5], bold=number % 3 == 0, link="x" * (number % 7))
    for number in range(700)
)


def long(runs: tuple[Run, ...] = RUNS) -> PackedRuns:
    return PackedRuns((), runs)


@pytest.mark.parametrize("count", [128, 129])
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


@pytest.mark.parametrize("first", [0, 128, 640, 700, -5])
@pytest.mark.parametrize("end", [None, 1, 129, -1])
def test_a_slice_is_a_tuple(first: int, end: int | None) -> None:
    for step in (None, 3, -1, -200):
        assert long()[first:end:step] == RUNS[first:end:step]


@pytest.mark.parametrize(("at", "alike"), [(0, 0), (127, 0), (128, 128), (500, 384), (699, 640)])
def test_the_shared_length_before_a_change_is_known(at: int, alike: int) -> None:
    other = (*RUNS[:at], RUNS[at]._replace(italic=True), *RUNS[at + 1 :])

    assert skip_shared_packs(long(), long(other)) == (alike, RUNS[alike:], other[alike:])


def test_a_streamed_long_paragraph_is_packed() -> None:
    source = "".join(f"some **bold {n}** and `code`, [a link](https://x.y) " for n in range(60))
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
    assert [run.text for run in block.runs if run.bold] == [f"bold {n}" for n in range(60)]
