"""Files of an answer: their lines, and the links of its text to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.transcript.targets import targets_of
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.view import TranscriptView

FEES = DocumentPart("a" * 64, "my fees.csv", "text/csv", 2048)
DOT = ImagePart("b" * 64, "image.png", "image/png", 9, 64, 48)
SAID = "See [the table](sandbox:/mnt/data/my%20fees.csv), and [more](sandbox:/mnt/data/b.csv)."


def with_parts(message: Message, *parts: DocumentPart | ImagePart) -> Message:
    return replace(message, parts=(*message.parts, *parts))


def links_of(view: TranscriptView) -> dict[str, str]:
    """Return the links of the newest answer by their words."""
    shown = view.messages.newest_answer()
    assert shown is not None
    return {target.text: target.link for target in targets_of(shown)}


@pytest.mark.parametrize("arrives_late", [False, True])
def test_a_link_leads_to_the_file_that_came_with_the_answer(
    view: TranscriptView, arrives_late: bool
) -> None:
    said = answer(SAID)
    actions: list[tuple[str, str]] = []
    view.action_requested.connect(lambda *args: actions.append(args))
    if arrives_late:
        begun = replace(streaming(), id=said.id)
        view.set_messages([question("Q"), begun])
        view.stream.append_text(begun.id, SAID)
        assert "the table" not in links_of(view)
        running = replace(with_parts(said, FEES), status=MessageStatus.STREAMING)
        view.stream.update_message(running)
        view.stream.update_message(with_parts(said, FEES))
    else:
        view.set_messages([question("Q"), with_parts(said, FEES)])
    assert "See the table, and more." in view.toPlainText()
    links = links_of(view)
    assert "more" not in links, "its file did not come"
    shown = view.messages.newest_answer()
    assert shown is not None
    for target in targets_of(shown):
        view.activate(target)
    opened = (said.id, f"document/{FEES.sha256}")
    assert actions == [opened, opened, (said.id, f"save-file/{FEES.sha256}")]


def test_links_without_a_file_are_text_and_none_can_be_imitated(view: TranscriptView) -> None:
    forged = f"{SAID} [x](repartee:file/my%20fees.csv) [y](SANDBOX:/my%20fees.csv)"
    view.set_messages([question("Q"), answer(SAID)])
    assert links_of(view) == {}
    view.set_messages([question("Q"), with_parts(answer(forged), FEES)])
    assert "x" not in links_of(view)
    assert links_of(view)["y"] == links_of(view)["the table"]


def test_a_picture_can_be_changed_and_saved(view: TranscriptView) -> None:
    view.set_messages([question("Q", DOT), with_parts(answer("Here."), DOT)])
    links = links_of(view)
    assert links["Change…"].endswith(f"change-image/{DOT.sha256}")
    assert links["Save as…"].endswith(f"save-file/{DOT.sha256}")
    assert "2 KB" not in view.toPlainText()
