"""What servers leave in the text of an answer: marks, tokens of templates, calls of tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Completed,
    MessageBegan,
    StatusChanged,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.message_parts import text_of, tool_calls
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode
from desktop_app.domain.network.redaction import Redactor
from desktop_app.providers.apis.text_marks import AnswerCleaner

OFFERED = frozenset({"add", "look_up"})
CITE = "\ue200cite\ue202turn0search0\ue202turn0search3\ue201"


def cleaned(events: Sequence[StreamEvent], offered: frozenset[str] = OFFERED) -> Reply:
    cleaner = AnswerCleaner("My server", offered)
    passed = [each for event in (*events, Completed()) for each in cleaner.feed(event)]
    return reduce(accumulate, passed, Reply())


def in_pieces(text: str, size: int) -> list[TextDelta]:
    return [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"It will rain. {CITE} Bring a coat.", "It will rain. Bring a coat."),
        (f"It will rain{CITE}. Bring{CITE}{CITE} a coat.", "It will rain. Bring a coat."),
        (f"{CITE} It rains.", "It rains."),
        (f"- a {CITE}\n- b", "- a \n- b"),
        ("By \ue200filecite\ue202turn1file2\ue202L1-L5\ue201.", "By ."),
        ('\ue200entity\ue202["person","Ada Lovelace"]\ue201 wrote.', "Ada Lovelace wrote."),
        ("See \ue200url\ue202Page\ue202https://a.example\ue201.", "See Page."),
        ("It rains. \ue200cite\ue202turn0sea", "It rains. "),
        (f"`{CITE}` and\n\n```\n{CITE}\n```\nx{CITE}", f"`{CITE}` and\n\n```\n{CITE}\n```\nx"),
        (f"```a``` {CITE}b", "```a``` b"),
        (f"> ~~~\n> {CITE}\n> ~~~\n>\n> x{CITE}", f"> ~~~\n> {CITE}\n> ~~~\n>\n> x"),
        (f"an open ` here\n\nand {CITE}there", "an open ` here\n\nand there"),
        ("Hello there.<|im_end|>", "Hello there."),
        ("Hello.<|eot_id|>\n", "Hello."),
        ("Hello.</s></s>", "Hello."),
        ("Hello.\n<end_of_turn>\n<eos>", "Hello.\n"),
        ("Hello.<\uff5cend\u2581of\u2581sentence\uff5c>", "Hello."),
        ("```\na<|im_end|>\n``` b<|im_end|>", "```\na<|im_end|>\n``` b<|im_end|>"),
    ],
)  # fmt: skip
def test_marks_are_left_out(text: str, shown: str, size: int) -> None:
    assert cleaned(in_pieces(text, size)).text == shown


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ue200",
        "A symbol \ue200 of my own font, and \ue201.",
        "The end is marked by </s>",
        "Between <|im_end|> and <|im_start|> is nothing.",
        "Hello.<|im_end|> and on",
        "a < b, a <| b, x[0] <",
        "Use `<tool_call>{}</tool_call>` or\n\n```\n<tool_call>{}</tool_call>\n```\n",
        "The tag <tool_call> begins a call.",
        "[TOOL_CALLS] is a token.",
        "<function=f> is a tag",
        "<|im_",
        "\ue200" + "x" * 3000 + "\ue201",
    ],
)
def test_other_text_is_unchanged(text: str, size: int) -> None:
    reply = cleaned(in_pieces(text, size))
    assert reply.text == text
    assert not reply.notices


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "shown", "calls"),
    [
        (
            '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>',
            "",
            [("add", {"a": 1})],
        ),
        (
            'So:\n<tool_call>{"name": "add", "arguments": "{\\"a\\": 1}"}</tool_call>\n'
            '<tool_call>{"name": "look_up", "parameters": {"b": "</x>"}}</tool_call>\n',
            "So:\n",
            [("add", {"a": 1}), ("look_up", {"b": "</x>"})],
        ),
        ('[TOOL_CALLS] [{"name": "add", "arguments": {}}]', "", [("add", {})]),
        ('<|python_tag|>{"name": "add", "parameters": {"a": 2}}<|eom_id|>', "", None),
        ('<function=add>{"a": 1}</function>', "", [("add", {"a": 1})]),
        (
            "<tool_call>\n<function=look_up>\n<parameter=b>\nx y\n</parameter>\n"
            "<parameter=n>\n3\n</parameter>\n</function>\n</tool_call>",
            "",
            [("look_up", {"b": "x y", "n": 3})],
        ),
        # The closing tag was the server's stop word.
        ('<tool_call>{"name": "add", "arguments": {}}', "", [("add", {})]),
    ],
)
def test_a_call_of_an_offered_tool_is_a_call(
    text: str, shown: str, calls: list[tuple[str, object]] | None, size: int
) -> None:
    reply = cleaned(in_pieces(text, size))
    found = [(call.name, json.loads(call.arguments)) for call in tool_calls(reply.parts)]
    assert found == ([("add", {"a": 2})] if calls is None else calls)
    assert reply.text == shown
    assert not reply.notices


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "unknown", "arguments": {}}</tool_call> Done.',
        '<tool_call>{"name": "add", "arg',
        "<tool_call>{add}</tool_call>",
        "[TOOL_CALLS]{",
    ],
)
def test_any_other_call_stays_text_with_a_notice(text: str, size: int) -> None:
    reply = cleaned(in_pieces(text, size))
    assert reply.text == text
    (said,) = reply.notices
    assert isinstance(said, AnswerNotice)
    assert said.code is NoticeCode.CALL_IN_TEXT
    unoffered = cleaned(in_pieces(text, size), frozenset())
    assert (unoffered.text, unoffered.notices) == (text, ())


def test_each_message_ends_for_itself() -> None:
    reply = cleaned([TextDelta("One.</s>"), MessageBegan(), TextDelta("Two.</s>")])
    assert text_of(reply.parts) == "One.\n\nTwo."


PIECES = st.sampled_from(
    [
        *("\ue200", "cite", "\ue202", "turn0search0", "\ue201", CITE, "<", "</s>", "<|im_end|>"),
        *("<tool_call>", "</tool_call>", '{"name": "add"}', "[TOOL_CALLS]", "<function=add>"),
        *("`", "```", "~~~", "\n", "\n\n", " ", "a", "b c", "> ", "- ", "</function>", "[1]"),
    ]
)


@given(st.lists(PIECES, max_size=24), st.data())
def test_a_text_in_any_pieces_gives_what_the_whole_gives(
    words: list[str], data: st.DataObject
) -> None:
    text = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    bounds = [0, *cuts, len(text)]
    pieces = [TextDelta(text[a:b]) for a, b in pairwise(bounds)]
    whole, split = cleaned([TextDelta(text)]), cleaned(pieces)
    assert (split.text, split.parts, split.notices) == (whole.text, whole.parts, whole.notices)


@given(st.text(st.characters(exclude_characters="<[\ue200\ue201\ue202", exclude_categories=["Cs"])))
def test_text_without_marks_is_unchanged(text: str) -> None:
    assert cleaned(in_pieces(text, 3)).text == cleaned([TextDelta(text)]).text == text


SECRET = "sk-live-0123456789"
_FRAGMENTS = st.sampled_from(
    [
        *("word ", "s", " ", "\n", "`", "```\n", "a sentence of plain words, ", "sk-live-", SECRET),
        *("0123456789", "<think>", "</think>", "<", "[/think]", "[TOOL_CALLS]", "<|im_end|>"),
        *(CITE, "\ue200cite", "\ue201", "\ud83d", "\ude00", "◁think▷", "◁/think▷", "<eos>"),
    ]
)


@given(st.lists(_FRAGMENTS, max_size=30), st.sampled_from((1, 2, 5, 0)))
def test_plain_text_passes_as_if_it_were_held_and_read(texts: list[str], size: int) -> None:
    deltas = in_pieces("".join(texts), size) if size else [TextDelta(text) for text in texts]

    def reply(*before_each: StreamEvent) -> Reply:
        cleaner = AnswerCleaner("My server", OFFERED, lambda: Redactor([SECRET]))
        events: list[StreamEvent] = []
        for delta in deltas:
            events += (*before_each, delta)
        passed = [each for event in (*events, Completed()) for each in cleaner.feed(event)]
        return reduce(accumulate, passed, Reply())

    assert reply() == reply(StatusChanged())  # after which the cleaner reads what comes next
    assert SECRET not in reply().text
