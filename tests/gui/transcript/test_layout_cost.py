"""Text with a high layout cost is materialized only near the viewport, even if short."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from desktop_app.rendering.block_model import Run
from desktop_app.rendering.incremental.block_stream import render
from desktop_app.rendering.incremental.packed_runs import PackedRuns
from desktop_app.ui.look import theme
from desktop_app.ui.transcript.document.document_writer import DocumentWriter
from desktop_app.ui.transcript.layout.layout_cost import cost_of, cost_of_runs, is_costly
from tests.gui.transcript.test_long_message import settle
from tests.gui.transcript.test_message_navigator import on_screen
from tests.helpers.messages import answer, question

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.view import TranscriptView

FORMULAS = "| a | b |\n|---|---|\n" + "".join(f"| $x_{{{n}}}$ | r{n} |\n" for n in range(400))
RUNS = "**a** _b_ " * 2000
PLAIN = "word " * 1600


def shown(view: TranscriptView, qtbot: QtBot, text: str) -> MessageLayout:
    view.set_messages([question("Q"), made := answer(text)])
    settle(view, qtbot)
    return view.messages.layout_of(made.id)


def rows(view: TranscriptView) -> list[str]:
    """Return the rows on screen, after checking that none is missing."""
    found = re.findall(r"\br(\d+)\b", on_screen(view))
    assert all(int(b) == int(a) + 1 for a, b in pairwise(found))
    return found


def written(layout: MessageLayout) -> int:
    return sum(map(bool, layout.counts))


@pytest.mark.parametrize("change", ["theme", "zoom", "width"])
def test_a_theme_change_rewrites_only_some_screens_of_a_table_of_formulas(
    view: TranscriptView, qtbot: QtBot, change: str
) -> None:
    layout = shown(view, qtbot, FORMULAS)
    assert written(layout) == len(layout.items)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    settle(view, qtbot)
    seen = rows(view)
    if change == "width":
        view.resize(view.width() - 40, view.height())
    else:
        view.set_theme(theme.dark(1.2 if change == "zoom" else 1.0))
    assert written(layout) < len(layout.items) // 2
    assert not is_costly([layout], 120_000)
    assert seen[1] in rows(view)[:4]


def test_a_short_text_of_very_many_runs_is_partly_materialized(
    view: TranscriptView, qtbot: QtBot
) -> None:
    layout = shown(view, qtbot, RUNS)
    view.set_theme(theme.dark())
    assert any(layout.gaps)
    layout = shown(view, qtbot, PLAIN)
    view.set_theme(theme.light())
    assert not any(layout.gaps)


def test_parts_of_very_many_runs_are_short(view: TranscriptView, qtbot: QtBot) -> None:
    for text, longest in ((RUNS, 600), (PLAIN, 2100), (f"- {RUNS}", 600)):
        layout = shown(view, qtbot, text)
        (cuts,) = (cuts for cuts in layout.shapes if cuts)
        assert max(end - start for start, end in pairwise((0, *cuts))) <= longest
    layout = shown(view, qtbot, PLAIN)
    (cuts,) = (cuts for cuts in layout.shapes if cuts)
    assert min(end - start for start, end in pairwise((0, *cuts))) > 1500


def test_the_surroundings_of_the_screen_are_filled_in_slices(
    view: TranscriptView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(view, qtbot, RUNS * 3)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    settle(view, qtbot)
    fill, added = DocumentWriter.fill_text, []

    def note(writer: DocumentWriter, owner: MessageLayout, at: int, first: int, end: int) -> None:
        before = owner.total
        fill(writer, owner, at, first, end)
        if owner.total > before:
            added.append(owner.total - before)

    monkeypatch.setattr(DocumentWriter, "fill_text", note)
    view.set_theme(theme.dark())
    assert view.virtualizer.is_filled(0)
    assert not view.virtualizer.is_filled(1)
    added.clear()
    view.filler.fill()
    assert len(added) == 1
    assert view.filler.is_waiting
    qtbot.waitUntil(lambda: not view.filler.is_waiting)
    assert view.virtualizer.is_filled(1)
    assert len(added) > 1


def test_a_text_size_that_changes_the_width_writes_nothing_twice(
    view: TranscriptView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(view, qtbot, FORMULAS + "\n\n" + PLAIN)
    continue_reflow, fitted = DocumentWriter.continue_reflow, []

    def note(writer: DocumentWriter, seconds: float) -> None:
        fitted.append(seconds)
        continue_reflow(writer, seconds)

    monkeypatch.setattr(DocumentWriter, "continue_reflow", note)
    for width in (500, 1400):
        fitted.clear()
        view.resize(width, 700)
        assert fitted
    fitted.clear()
    for size in (1.3, 1.0, 0.8):
        before = view.viewport().width()
        view.set_theme(theme.dark(size))
        assert view.viewport().width() != before
        assert not fitted


def test_the_cost_counts_only_materialized_items(view: TranscriptView, qtbot: QtBot) -> None:
    layout = shown(view, qtbot, "Some words.\n\n" * 50)
    whole = sum(map(cost_of, layout.items))
    assert is_costly([layout], whole - 1)
    assert not is_costly([layout], whole)
    view.writer.erase([(layout, 1, 40)])
    assert not is_costly([layout], whole // 2)


def test_cells_runs_and_formulas_cost_more_than_letters() -> None:
    plain, runs, formulas, table = (
        render(text)
        for text in ("a a a a", "**a** a", "$a$ $b$", "| a | a |\n|---|---|\n| a | a |\n")
    )
    assert cost_of(plain[0]) < cost_of(runs[0]) < cost_of(table[0]) < cost_of(formulas[0])


def test_the_cost_of_a_very_long_text_does_not_unpack_its_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = PackedRuns((), tuple(Run("word ", bold=number % 2 == 0) for number in range(1000)))
    expected = cost_of_runs(tuple(runs))
    monkeypatch.setattr(PackedRuns, "__iter__", None)
    assert cost_of_runs(runs) == expected
