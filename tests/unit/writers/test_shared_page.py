"""What a page to give away holds: names, and the versions of its messages."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PassagesPart,
    Source,
    SourcesPart,
    ToolCallPart,
)
from desktop_app.writers.shared_page import contents_lines, with_versions
from tests.helpers.messages import answer, question
from tests.unit.domain.test_collections import a_passage


def test_the_names_on_a_page_are_told_once_each() -> None:
    picture = ImagePart("a" * 64, "me at home.png", "image/png", 3, 4, 5)
    document = DocumentPart("b" * 64, "salary {x}.pdf", "x", 9, pages=2)
    passages = PassagesPart("c" * 32, "Contracts", (a_passage(1),))
    said = answer("Yes.", reasoning="hm")
    sources = SourcesPart((Source(0, "", "divorce.docx"),))  # the page names what was read, too
    said = replace(said, parts=(ToolCallPart("1", "search_web", "{}"), *said.parts, sources))
    messages = [question("Which?", picture, document, document, passages), said]
    plain = contents_lines("Money", messages, str.upper, with_details=False)
    told = "\n".join(plain)
    for words in (
        "Money",
        "2 messages",
        "me at home.png",
        "salary {x}.pdf",
        "lease.pdf",
        "GPT",
        "divorce.docx",
    ):
        assert words in told, words
    assert told.count("salary {x}.pdf") == 1
    details = "\n".join(contents_lines("Money", messages, str.upper, with_details=True))
    assert "Includes reasoning" in details
    assert "divorce.docx" in details
    assert len(details.splitlines()) == len(plain) + 2


def tree(parents: list[int]) -> list[Message]:
    """Return messages of a tree: each number names the parent among the earlier ones."""
    messages: list[Message] = []
    for number, parent in enumerate(parents):
        parent_id = messages[parent % number].id if number and parent >= 0 else None
        messages.append(replace(question(str(number)), parent_id=parent_id))
    return messages


@given(st.lists(st.integers(-1, 30), min_size=1, max_size=30), st.integers(0, 29))
def test_every_message_is_shown_once_below_its_own_version(parents: list[int], leaf: int) -> None:
    messages = tree(parents)
    by_id = {message.id: message for message in messages}
    path = [messages[leaf % len(messages)]]
    while path[0].parent_id is not None:
        path.insert(0, by_id[path[0].parent_id])
    shown = list(with_versions(path, messages))
    ids = [each.id for each in shown if isinstance(each, Message)]
    hidden = {m.id for m in messages if m.parent_id == path[-1].id}  # below the shown leaf
    while more := {m.id for m in messages if m.parent_id in hidden} - hidden:
        hidden |= more
    assert sorted(ids) == sorted(set(by_id) - hidden)
    branch: list[list[Message]] = [[]]
    for each in shown:
        if each is True:
            branch.append([])
        elif each is False:
            branch.pop()
        elif isinstance(each, Message):
            above = branch[-1][-1].id if branch[-1] else None
            if len(branch) == 1:
                assert each in path
            assert above in (None, each.parent_id)
            branch[-1].append(each)
    assert branch == [path]
