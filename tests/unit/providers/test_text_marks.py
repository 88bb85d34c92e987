"""What servers leave in the text of an answer: marks, tokens of templates, calls of tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Completed,
    MessageBegan,
    ReasoningDelta,
    StatusChanged,
    StreamEvent,
    TextDelta,
    joined_texts,
)
from desktop_app.domain.conversations.answer_sources import sources_of
from desktop_app.domain.conversations.message_parts import text_of, tool_calls
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.event_reader import EventReader
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.apis.text_marks import AnswerCleaner
from desktop_app.providers.http.redaction import Redactor

Row = dict[str, Any]
OFFERED = frozenset({"add", "look_up"})
CITE = "\ue200cite\ue202turn0search0\ue202turn0search3\ue201"


def cleaned(events: Sequence[StreamEvent], offered: frozenset[str] = OFFERED) -> Reply:
    cleaner = AnswerCleaner("My server", offered)
    passed = [each for event in (*events, Completed()) for each in cleaner.feed(event)]
    return reduce(accumulate, passed, Reply())


def in_pieces(text: str, size: int) -> list[TextDelta]:
    return [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]


def test_texts_that_come_at_once_are_one_with_their_number() -> None:
    texts = in_pieces("It rains. `x[0]` is <b>.", 3)
    events = [*joined_texts([*texts, MessageBegan(), *texts])]
    assert [type(event) for event in events] == [TextDelta, MessageBegan, TextDelta]
    cleaner = AnswerCleaner()
    passed = [each for event in (*events, Completed()) for each in cleaner.feed(event)]
    shown = [event for event in passed if isinstance(event, TextDelta)]
    assert "".join(event.text for event in shown) == 2 * "It rains. `x[0]` is <b>."
    assert sum(event.deltas for event in shown) == 2 * len(texts)


@pytest.mark.attack("reply-bounds")
def test_a_text_of_megabytes_is_read_in_parts_and_reasoning_by_its_sections() -> None:
    long = "[a ![b " * 50_000  # at each bracket, all that is held is searched
    events = [
        *(ReasoningDelta(word, section) for section in (0, 1) for word in ("It ", "rains.")),
        *(TextDelta(long), TextDelta("x")),
    ]
    joined = [*joined_texts(events)]
    assert joined[:2] == [ReasoningDelta("It rains.", 0), ReasoningDelta("It rains.", 1)]
    texts = [event for event in joined[2:] if isinstance(event, TextDelta)]
    assert "".join(event.text for event in texts) == long + "x"
    assert sum(event.deltas for event in texts) == 2
    assert max(len(event.text) for event in texts) < 10_000
    assert cleaned(joined).text == long + "x"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"It will rain. {CITE} Bring a coat.", "It will rain. Bring a coat."),
        (f"It will rain{CITE}. Bring{CITE}{CITE} a coat.", "It will rain. Bring a coat."),
        (f"{CITE} It rains.", "It rains."),
        (f"- a {CITE}\n- b", "- a \n- b"),
        ("It rains【4†source】, see 【4:0†notes】【3†L1-L5】.", "It rains, see ."),
        ("It rains. 【4†sour", "It rains. "),
        ("`【4†source】` x【4†source】", "`【4†source】` x"),
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
        ("Hello.<|im_end|>\n<|im_start|>", "Hello."),
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
        "【重要】 See 【1】, 【4:1】 and 【a†b】, 【4:",
        "A symbol \ue200 of my own font, and \ue201.",
        "The end is marked by </s>",
        "It was <s>9500</s>",
        "It was <s>9500</s>, now <s>8000</s> 7000",
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


def page(name: str, start: int = 0, end: int = 0) -> Row:
    fields = {"url": f"https://{name}.example/", "title": name.upper()}
    return {"type": "url_citation", **fields, "start_index": start, "end_index": end}


def file(name: str, **places: int) -> Row:
    return {"type": "file_citation", "filename": name, **places}


def around(text: str, mark: str) -> dict[str, int]:
    start = text.index(mark)
    return {"start": start, "end": start + len(mark)}


def from_responses(text: str, annotations: Sequence[Row], calls: Sequence[Row], size: int) -> Reply:
    """Return the reply to a stream of the Responses API, with the text in pieces."""
    message = {
        "type": "message",
        "content": [{"type": "output_text", "text": text, "annotations": annotations}],
    }
    rows: list[Row] = [
        {
            "type": "response.output_item.done",
            "output_index": index,
            "item": {"id": str(index), **call},
        }
        for index, call in enumerate(calls)
    ]
    at = len(calls)
    rows += (
        {"type": "response.output_text.delta", "output_index": at, "delta": each.text}
        for each in in_pieces(text, size)
    )
    rows += (
        {"type": "response.output_item.done", "output_index": at, "item": message},
        {"type": "response.completed", "response": {"status": "completed"}},
    )
    return through(ResponsesReader("OpenAI"), rows)


def from_completions(
    text: str, annotations: Sequence[Row], found: Sequence[Row], size: int
) -> Reply:
    """Return the reply to a stream of Chat Completions, whose last delta has the annotations."""
    deltas: list[Row] = [{"content": each.text} for each in in_pieces(text, size)]
    nested = ({"type": each["type"], "url_citation": each} for each in annotations)
    deltas += ({"annotations": list(nested)},)
    rows: list[Row] = [{"choices": [{"delta": delta}]} for delta in deltas]
    rows[0]["search_results"] = found
    rows += ({"choices": [{"delta": {}, "finish_reason": "stop"}]},)
    return through(ChatCompletionsReader("My server"), rows)


def through(reader: EventReader, rows: Sequence[Row]) -> Reply:
    cleaner = AnswerCleaner("My server")
    events = [event for row in rows for event in reader.read(json.dumps(row).encode())]
    passed = [each for event in (*events, *reader.end()) for each in cleaner.feed(event)]
    return reduce(accumulate, passed, Reply())


def cited(reply: Reply) -> list[str]:
    return [each.title for each in sources_of(reply.parts) if each.is_cited]


OTHER_CITE = "\ue200cite\ue202turn0search1\ue201"
RAIN = f"It rains. {CITE} Bring a coat {OTHER_CITE}{CITE}\n\nSun{OTHER_CITE}, `{CITE}`."
IN_CODE = f"`{CITE}`"


@pytest.mark.parametrize("read", [from_responses, from_completions])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_mark_that_an_annotation_covers_becomes_the_number_of_its_source(
    read: Callable[..., Reply], size: int
) -> None:
    second = RAIN.index(OTHER_CITE) + len(OTHER_CITE)
    annotations = [
        page("b", **around(RAIN, CITE)),
        page("a", **around(RAIN, OTHER_CITE)),
        page("c", **around(RAIN, OTHER_CITE)),
        page("b", second + 2, second + len(CITE)),
        page("z"),  # without a place, as some gateways send it
    ]
    reply = read(RAIN, annotations, [], size)
    assert reply.text == f"It rains. [1] Bring a coat [1, 2, 3]\n\nSun[2, 3], {IN_CODE}."
    assert cited(reply) == ["B", "A", "C", "Z"]


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_file_that_an_annotation_cites_at_a_mark_is_its_number(size: int) -> None:
    text = "It rains【4:0†source】, or not【4:1†source】. Made【4:2†source】【4:9†source】"
    place = text.index("】")
    made = {"type": "container_file_citation", "container_id": "c", "file_id": "f"}
    start = text.index("【4:2")
    annotations = [
        file("b.pdf", index=place),
        file("a.pdf", start_index=text.index("【4:1"), end_index=text.index("】. M") + 1),
        {**made, "filename": "m.csv", "start_index": start, "end_index": start + 12},
        {**made, "filename": "elsewhere.csv", "start_index": 3, "end_index": 5},
    ]
    reply = from_responses(text, annotations, [], size)
    assert reply.text == "It rains[1], or not[2]. Made[3]"
    assert cited(reply) == ["b.pdf", "a.pdf", "m.csv"]


def web(*names: str) -> Row:
    sources = [{"url": f"https://{name}.example/", "title": name.upper()} for name in names]
    action = {"type": "search", "sources": sources}
    return {"type": "web_search_call", "status": "completed", "action": action}


def found_files(*names: str) -> Row:
    results = [{"filename": name} for name in names]
    return {"type": "file_search_call", "status": "completed", "results": results}


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("calls", "text", "shown", "sources"),
    [
        ([web("a", "b", "c")], "A \ue200cite\ue202turn0search2\ue201 x", "A [1] x", ["C"]),
        ([web("a"), web("b")], "A\ue200cite\ue202turn1search0\ue201", "A[1]", ["B"]),
        ([web("a", "b")], "A\ue200cite\ue202turn3search0\ue202turn3search7\ue201", "A[1]", ["A"]),
        ([web("a"), web("b")], "A\ue200cite\ue202turn7search0\ue201 x", "A x", []),
        (
            [found_files("a.md", "b.md", "a.md")],
            "\ue200filecite\ue202turn0file2\ue202L1-L5\ue201 A【4:1†b.md】【4:8†b.md】【9†a.md】",
            "[1] A[1, 2]",
            ["a.md", "b.md"],
        ),
        ([web("a", "b")], "A【4:1†source】【4:0†x.pdf】", "A[1]", ["B"]),
        ([found_files("a.md"), web("b")], "A【4:0†source】 and【1†B】", "A and[1]", ["B"]),
        ([web()], "A \ue200cite\ue202turn0search0\ue201 x", "A x", []),
    ],
)  # fmt: skip
def test_a_mark_that_names_a_known_result_becomes_its_number(
    calls: list[Row], text: str, shown: str, sources: list[str], size: int
) -> None:
    reply = from_responses(text, [], calls, size)
    assert reply.text == shown
    assert cited(reply) == sources
    if len(calls) == 1 and calls[0]["type"] == "web_search_call":
        in_chat = from_completions(text, [], calls[0]["action"]["sources"], size)
        assert (in_chat.text, cited(in_chat)) == (shown, sources)


PIECES = st.sampled_from(
    [
        *("\ue200", "cite", "\ue202", "turn0search0", "\ue201", CITE, "<", "</s>", "<|im_end|>"),
        *("<tool_call>", "</tool_call>", '{"name": "add"}', "[TOOL_CALLS]", "<function=add>"),
        *("【4:0", "†", "】", "【4:0†x】"),
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


@given(
    st.text(st.characters(exclude_characters="<[【\ue200\ue201\ue202", exclude_categories=["Cs"]))
)
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
    secrets = Redactor([SECRET])
    # What is whole in an event is removed before: see http_reply.py.
    whole = [TextDelta(secrets.clean(text)) for text in texts]
    deltas = in_pieces("".join(texts), size) if size else whole

    def reply(*before_each: StreamEvent) -> Reply:
        cleaner = AnswerCleaner("My server", OFFERED, lambda: secrets)
        events: list[StreamEvent] = []
        for delta in deltas:
            events += (*before_each, delta)
        passed = [each for event in (*events, Completed()) for each in cleaner.feed(event)]
        return reduce(accumulate, passed, Reply())

    assert reply() == reply(StatusChanged())  # after which the cleaner reads what comes next
    assert SECRET not in reply().text
