"""The id of a conversation that is not stored."""

from __future__ import annotations

from desktop_app.cli.answers.unsaved_conversation_id import unsaved_conversation_id
from desktop_app.domain.conversations.message_parts import ImagePart


def test_the_id_is_that_of_the_instructions_and_attachments_or_of_the_question() -> None:
    one, two = (ImagePart(letter * 64, "x.png", "image/png", 1) for letter in "ab")
    ids = [
        unsaved_conversation_id("", [], "Why?"),
        unsaved_conversation_id("", [], "Who?"),
        unsaved_conversation_id("Be brief.", [], "Why?"),
        unsaved_conversation_id("", [one], "Why?"),
        unsaved_conversation_id("", [two], "Why?"),
        unsaved_conversation_id("", [one, two], "Why?"),
    ]
    assert len({*ids}) == len(ids)
    assert {len(each) for each in ids} == {32}
    assert unsaved_conversation_id("Be brief.", [], "\udce9") == ids[2]
    assert unsaved_conversation_id("", [one], "Who?") == ids[3]
