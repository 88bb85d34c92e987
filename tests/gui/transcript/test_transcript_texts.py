"""Every text of the transcript and of asking is translated."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint

from desktop_app.app.answers.retry_countdown import RetryCountdown
from desktop_app.app.chat.choice.estimate_presenter import estimate_texts
from desktop_app.app.chat.compaction.compaction_notes import compaction_note
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import INCOMPLETE, MessageStatus, Role, now
from desktop_app.domain.conversations.message_facts import (
    answer_facts,
    attachment_facts,
    reasoning_title,
    token_facts,
)
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    DocumentPart,
    PassagesPart,
    ToolCallPart,
)
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.models.token_rates import CountMethod
from desktop_app.domain.spending.cost import Usage
from desktop_app.i18n.translation import tr
from desktop_app.services.spending.cost_estimate import Estimate
from desktop_app.ui.transcript.citation_sources import citation_name, source_lines
from desktop_app.ui.transcript.keyboard.action_row import ActionRow
from desktop_app.ui.transcript.keyboard.focus_targets import describe_target, focus_targets_of
from desktop_app.ui.transcript.message_items import Line, LineKind, ending_lines, tool_lines
from desktop_app.ui.transcript.search.find_bar import FindBar
from tests.helpers.messages import answer, question
from tests.helpers.translated_texts import texts_of, untranslated

if TYPE_CHECKING:
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.view import TranscriptView

NAME = "⟦a name⟧"
DOCUMENT = DocumentPart("s", NAME, "application/pdf", 1, pages=48, tokens=31480)

pytestmark = pytest.mark.usefixtures("pseudo_language")


def test_the_facts_beside_a_message_are_translated() -> None:
    reply = answer("", usage=Usage(1000, 0, 234), cost=Decimal("0.0034"), duration_s=95.2)
    assert not untranslated(answer_facts(reply, str), {"Thinking"})
    assert not untranslated(token_facts(replace(reply, usage=Usage(1000, 250, 234, 150))))
    for unit in ("page", "slide", "sheet", "chapter"):
        chosen = ChosenPages(unit, ((3, 10),), 52, 1)
        assert not untranslated(attachment_facts(replace(DOCUMENT, chosen=chosen)))
    for reasoning, seconds, thinking in (
        (f"**{NAME}**", 9.3, False),
        (f"**{NAME}**", None, False),
        (f"**{NAME}**", None, True),
        ("", 9.3, False),
        ("", None, False),
        ("", None, True),
    ):
        assert not untranslated([reasoning_title(reasoning, seconds, is_thinking=thinking)])


@pytest.mark.parametrize(
    "status", [MessageStatus.CANCELLED, MessageStatus.INTERRUPTED, MessageStatus.INCOMPLETE]
)
def test_the_ending_of_an_answer_is_translated(status: MessageStatus) -> None:
    lines = ending_lines(answer("Text", status), "", shows_details=False)
    assert not untranslated(run.text for line in lines for run in line.runs)


@pytest.mark.parametrize("reasoning", ["", "Hm."])
def test_an_answer_without_anything_says_that_it_is_empty(reasoning: str) -> None:
    empty = answer("", reasoning=reasoning)
    words = [run.text for line in ending_lines(empty, "", shows_details=False) for run in line.runs]
    assert tr("The response is empty.") in words
    assert tr("Retry") in words
    assert not ending_lines(answer("Text"), "", shows_details=False)


def test_an_error_alone_says_why_an_answer_is_incomplete() -> None:
    error = ErrorNote(Reason.GRAMMAR_NOT_FOLLOWED, code=INCOMPLETE)
    cut = answer("Text", MessageStatus.INCOMPLETE, error=error)
    words = [run.text for line in ending_lines(cut, "", shows_details=False) for run in line.runs]
    assert words.count(tr("Continue")) == 1
    assert tr("Incomplete") not in words


@pytest.mark.parametrize(("new", "known"), [((), ()), ((1,), ()), ((1, 2), (3,)), ((), (3, 4))])
def test_the_sources_of_an_answer_are_translated(
    new: tuple[int, ...], known: tuple[int, ...]
) -> None:
    passages = tuple(Passage(number, "k", "s", NAME, None, "", 0, 1, NAME) for number in new)
    said = question("Q", PassagesPart("k", NAME, passages, known))
    assert not untranslated(run.text for line in source_lines(said, ()) for run in line.runs)
    assert not untranslated(map(citation_name, passages))


def test_names_of_focus_targets_and_the_menu_are_translated(view: TranscriptView) -> None:
    code = "```\n" + "1\n" * 60 + "```\n\n[⟦a⟧](https://a.example)\n\n⟦b⟧[^1]\n\n[^1]: ⟦c⟧"
    reply = answer(code, reasoning=f"**{NAME}**\n\n{NAME}")
    call = ToolCallPart("i", NAME, "{}")
    view.set_messages(
        [question(NAME, DOCUMENT), replace(reply, parts=(*reply.parts, call))],
        versions={reply.id: (2, 3)},
    )
    document = view.document()
    names = [
        describe_target(document, stop).name.replace("https://a.example", "")
        for number in range(document.blockCount())
        for stop in focus_targets_of(document.findBlockByNumber(number))
    ]
    assert len(names) > 8
    assert not untranslated(names)
    lines = tool_lines(replace(reply, parts=(call,)), ())
    assert not untranslated(run.text for line in lines for run in line.runs)
    menu = view.context_menu.menu_at(QPoint(5, 5))
    assert not untranslated(texts_of(menu))


@pytest.mark.parametrize(("count", "is_cut"), [(500, False), (501, True), (1700, True)])
def test_a_line_tells_how_many_lines_of_a_call_are_not_shown(count: int, is_cut: bool) -> None:
    text = "\n".join(map(str, range(count)))
    reply = replace(answer(""), parts=(ToolCallPart("i", NAME, text, result=text),))
    lines = tool_lines(reply, (0,))
    notes = [line for line in lines if isinstance(line, Line) and line.kind is LineKind.NOTICE]
    assert len(notes) == (2 if is_cut else 0)
    for note in notes:
        (run,) = note.runs
        assert f"{count - 500:,}" in run.text
        assert not untranslated([run.text])


def test_a_line_tells_how_many_lines_of_details_are_not_shown() -> None:
    error = ErrorNote("It broke.", details="\n".join(map(str, range(203))))
    failed = replace(answer("", MessageStatus.FAILED), error=error)
    *_, last = ending_lines(failed, "", shows_details=True)
    assert isinstance(last, Line)
    assert "3" in last.runs[0].text
    assert last.kind is LineKind.ERROR_DETAILS
    assert not untranslated([last.runs[0].text])


def test_the_actions_and_the_find_bar_are_translated(
    view: TranscriptView, light_theme: Theme
) -> None:
    row = ActionRow(light_theme, view)
    for role in (Role.USER, Role.ASSISTANT):
        row.show_for("m", role)
        assert not untranslated(texts_of(row))
    bar = FindBar(light_theme, view, "⟦Find⟧")
    bar.field.setText("⟦x⟧")
    for number, total, is_whole in ((0, 0, True), (0, 0, False), (1, 3, True), (1, 3, False)):
        bar.show_count(number, total, is_whole)
        assert not untranslated(texts_of(bar))


@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize("is_exact", [True, False])
def test_texts_of_an_estimate_are_translated(answers: int, is_exact: bool) -> None:
    cost = Decimal("0.02")
    made = Estimate(
        1155,
        CountMethod.TOKENIZER if is_exact else CountMethod.GUESSED,
        cost,
        cost,
        272_000,
        answers,
        answers,
    )
    assert not untranslated(line for text in estimate_texts(made) for line in text.split("\n"))


def test_the_mark_of_a_compaction_and_the_countdown_are_translated() -> None:
    made = Compaction("k", "c", "m", CompactionKind.PROVIDER, "openai", "g", "[]", now(), 2, 1)
    other = replace(made, id="l")
    for in_force in (made, other, None):
        mark = compaction_note(made, NAME, NAME, in_force)
        assert not untranslated([mark.text, *(label for label, _ in mark.actions)])
    assert not untranslated([RetryCountdown().start("a", 9, ErrorNote(NAME))])
