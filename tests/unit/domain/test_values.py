"""Money, parts, errors and titles."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.bounds import (
    EARLIEST_TIME,
    MAX_COUNT,
    MAX_NAME_CHARS,
    checked_money,
    checked_time,
    converted,
    is_hash,
    is_id,
)
from desktop_app.domain.conversations.conversation import (
    Message,
    MessageStatus,
    Role,
    new_id,
    now,
    title_from,
)
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    CollectionPart,
    DocumentPart,
    ImagePart,
    PageImage,
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    chunked_documents,
    draft_parts,
    last_text,
    part_id,
    parts_from_json,
    parts_to_json,
    text_of,
    with_interrupted_calls,
)
from desktop_app.domain.conversations.notices import (
    AnswerNotice,
    NoticeCode,
    NoticeText,
    notice,
    notice_from_json,
    notice_to_json,
)
from desktop_app.domain.cost import (
    FREE,
    NOT_KNOWN,
    CallCost,
    CountedCost,
    Price,
    Received,
    Usage,
    counted_cost,
    exact_digits,
    sum_costs,
)
from desktop_app.domain.tools.tool import ToolCallState

HASH = "0" * 64
PAGE = {"number": 2, "width": 8, "height": 9}
CHOSEN = {"unit": "page", "spans": [[1, 2]], "of": 3}
DOCUMENT = {
    "kind": "document", "sha256": HASH, "name": "a.pdf", "media_type": "application/pdf",
    "size": 9, "pages": 3, "pictured": [PAGE], "chosen": CHOSEN,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "A" * 64},
        {"sha256": "../" + "0" * 61},
        {"name": "n" * (MAX_NAME_CHARS + 1)},
        {"size": -1},
        {"size": MAX_COUNT + 1},
        {"pages": True},
        {"pictured": [{**PAGE, "number": 0}]},
        {"pictured": [{**PAGE, "width": 0}]},
        {"pictured": [{**PAGE, "height": 0}]},
        {"chosen": {**CHOSEN, "unit": "poem"}},
        {"chosen": {**CHOSEN, "spans": []}},
        {"chosen": {**CHOSEN, "spans": [[0, 2]]}},
    ],
)
def test_the_values_of_a_document_have_bounds(change: dict[str, object]) -> None:
    (part,) = parts_from_json([{**DOCUMENT, "size": MAX_COUNT, "name": "n" * MAX_NAME_CHARS}])
    assert part.pictured == (PageImage(2, 8, 9),)
    assert part.chosen == ChosenPages("page", ((1, 2),), 3)
    with pytest.raises(ValueError, match="Expected"):
        parts_from_json([{**DOCUMENT, **change}])


def test_a_free_model_costs_nothing_even_if_no_usage_was_reported() -> None:
    free, paid = Price(Decimal(0), Decimal(0)), Price(Decimal(0), Decimal(1))
    assert counted_cost(free, None) == CountedCost(Decimal(0))
    assert counted_cost(paid, None) == CountedCost(None)


@pytest.mark.parametrize(
    ("usage", "is_certain", "received", "cost"),
    [
        (Usage(10, 0, 1), True, NOT_KNOWN, CountedCost(Decimal("0.000012"))),
        (Usage(10, 0, 1), False, NOT_KNOWN, CountedCost(Decimal("0.002"), is_estimated=True)),
        (Usage(10, 0, 9000), False, NOT_KNOWN, CountedCost(Decimal("0.01801"), is_estimated=True)),
        (None, True, Received(1, 5), CountedCost(Decimal("0.002"), is_estimated=True)),
        (None, True, Received(9, 9000), CountedCost(Decimal("0.01801"), is_estimated=True)),
        # What a server says of the output is believed if it can be right.
        (Usage(10, 0, 9), True, Received(9, 9000), CountedCost(Decimal("0.000028"))),
        (Usage(10), True, Received(9, 9000), CountedCost(Decimal("0.01801"), is_estimated=True)),
        (Usage(10, 0, 8), True, Received(9, 10), CountedCost(Decimal("0.002"), is_estimated=True)),
        (Usage(0, 0, 5), True, NOT_KNOWN, CountedCost(Decimal("0.002"), is_estimated=True)),
    ],
)
def test_what_is_not_certain_counts_at_least_what_was_held(
    usage: Usage | None, is_certain: bool, received: Received, cost: CountedCost
) -> None:
    held = CallCost(Decimal("0.00001"), Decimal("0.002"), Decimal(1))
    price = Price(Decimal(1), Decimal(2))
    counted = counted_cost(price, usage, held, is_certain=is_certain, received=received)
    assert counted == cost
    assert counted_cost(price, usage, held, is_billed=False) == CountedCost(Decimal(0))


def test_a_price_is_exact() -> None:
    price = Price(Decimal("1.75"), Decimal(14), Decimal("0.175"))
    usage = Usage(input_tokens=1000, cached_tokens=400, output_tokens=300, reasoning_tokens=200)
    assert price.cost(usage) == Decimal("0.00532")
    assert price.times(Decimal("0.2")).cost(usage) == Decimal("0.001064")
    assert Price(Decimal(21), Decimal(168)).cost(Usage(1000, 400, 0)) == Decimal("0.021")
    assert FREE.cost(usage) == 0


@pytest.mark.parametrize(
    ("costs", "total"), [(["1", "0.5"], "1.5"), ([], "0"), (["1", None], None), ([None], None)]
)
def test_a_sum_is_known_if_every_cost_is(costs: list[str | None], total: str | None) -> None:
    amounts = [cost and Decimal(cost) for cost in costs]
    assert sum_costs(amounts) == (total and Decimal(total))


@pytest.mark.parametrize(
    ("amount", "digits"),
    [
        ("1234.5", "1234.50"),
        ("20", "20.00"),
        ("0.0005", "0.0005"),
        ("1E+1", "10.00"),
        ("0", "0.00"),
    ],
)
def test_every_digit_of_an_amount_is_shown(amount: str, digits: str) -> None:
    assert exact_digits(Decimal(amount)) == digits


@given(st.lists(st.builds(Usage, *[st.integers(0, 10**6)] * 4)))
def test_usage_adds_up_field_by_field(usages: list[Usage]) -> None:
    total = sum(usages, Usage(0, 0, 0, 0))
    for name in ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"):
        assert getattr(total, name) == sum(getattr(usage, name) for usage in usages)


text = st.text()
counts = st.integers(0, MAX_COUNT)
numbers = st.integers(1, MAX_COUNT)
parts = st.one_of(
    st.builds(TextPart, text),
    st.builds(ReasoningPart, text, text, text),
    st.builds(RefusalPart, text),
    st.builds(
        DocumentPart,
        st.just(HASH),
        text,
        text,
        counts,
        st.none() | counts,
        chosen=st.none()
        | st.builds(
            ChosenPages,
            st.sampled_from(["page", "slide", "sheet", "chapter"]),
            st.lists(st.tuples(numbers, numbers), min_size=1).map(tuple),
            counts,
            st.none() | counts,
        ),
        is_protected=st.booleans(),
        as_file=st.booleans(),
    ),
    st.builds(ImagePart, st.just(HASH), text, text, counts),
    st.builds(ToolCallPart, text, text, text),
)


@given(st.lists(parts))
def test_parts_survive_their_json_form(made: list[Part]) -> None:
    assert parts_from_json(json.loads(json.dumps(parts_to_json(made)))) == tuple(made)


@pytest.mark.parametrize(
    "row", [{}, {"kind": "song"}, {"kind": "text"}, {"kind": "text", "text": 1}]
)
def test_a_row_of_another_shape_is_an_error(row: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        parts_from_json([row])


def test_the_text_of_a_message_joins_its_parts() -> None:
    made: list[Part] = [TextPart("a"), ReasoningPart("b"), TextPart(""), RefusalPart("c")]
    assert text_of(made) == "a\n\nc"


@pytest.mark.parametrize(
    ("name", "full_name", "shown", "sent"),
    [
        ("files__read", "", "files/read", "files__read"),
        ("files__r_1", "files/read all", "files/read all", "files__r_1"),
        ("f-1 ä", "", "f-1 ä", "f-1__"),
        ("n" * 65, "", "n" * 65, "n" * 64),
        ("", "", "", "unknown"),
    ],
)
def test_a_tool_has_a_name_for_users_and_one_for_servers(
    name: str, full_name: str, shown: str, sent: str
) -> None:
    call = ToolCallPart("id", name, "{}", full_name=full_name)
    assert (call.display_name, call.sent_name) == (shown, sent)


@pytest.mark.parametrize(
    ("amount", "is_taken"),
    [
        ("0", True),
        ("999999999.99", True),
        ("1000000000", False),
        ("-1", False),
        ("nan", False),
        (1, False),
        (f"0.{'1' * 60}", True),
        (f"1.{'1' * 60}", False),
        ("0E-61", False),
    ],
)
def test_amounts_of_money_have_bounds(amount: object, is_taken: bool) -> None:
    if is_taken:
        assert checked_money(amount) == Decimal(str(amount))
    else:
        with pytest.raises(ValueError, match="out of bounds"):
            checked_money(amount)


@pytest.mark.parametrize(
    "made",
    [
        "A sentence of an import.",
        notice(NoticeCode.MAY_GO_ON, provider="P"),
        AnswerNotice("Files read: {read}.", (("read", 2),)),
    ],
)
def test_a_notice_is_read_back_as_it_was_written(made: NoticeText) -> None:
    read = notice_from_json(json.loads(json.dumps(notice_to_json(made))))
    assert (read, str(read)) == (made, str(made))


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("\n\n  # A   heading \nmore", "A heading"),
        ("- one\n- two", "one"),
        ("", ""),
        ("word " * 30, " ".join(["word"] * 12) + "…"),
        ("a " * 28 + "b, then", "a " * 28 + "b…"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_title_is_made_from_the_first_words(words: str, title: str) -> None:
    assert title_from(words) == title


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ("", "{}"),
        ("{}", "{}"),
        (" ", "{}"),
        ("[1]", '{"invalid": "[1]"}'),
        ("no", '{"invalid": "no"}'),
        ("[" * 100_000, f'{{"invalid": "{"[" * 2000}"}}'),
    ],
)
def test_arguments_are_sent_as_an_object(arguments: str, sent: str) -> None:
    call = ToolCallPart("id", "f", arguments)
    assert call.sent_arguments == sent
    assert (call.run_arguments, replace(call, edited="[2]").run_arguments) == (arguments, "[2]")


def test_running_calls_of_an_ended_answer_were_interrupted() -> None:
    done = ToolCallPart("d", "f", "{}", state=ToolCallState.DONE)
    running = replace(done, state=ToolCallState.RUNNING)
    parts = (TextPart("a"), done, running)
    ended = (TextPart("a"), done, replace(done, state=ToolCallState.INTERRUPTED))
    assert with_interrupted_calls(parts) == ended
    assert with_interrupted_calls(ended) is ended


def test_a_draft_holds_attachments_only() -> None:
    image = ImagePart(HASH, "a", "image/png", 9)
    collection = CollectionPart("c", "C")
    document = DocumentPart(HASH, "b", "text/plain", 9)
    made: list[Part] = [TextPart("a"), image, collection, document]
    assert draft_parts(made) == (image, collection, document)
    assert [part_id(part) for part in draft_parts(made)] == [HASH, "c", HASH]
    assert chunked_documents([*made, replace(document, in_parts=True)]) == (
        replace(document, in_parts=True),
    )
    answer = Message("m", "c", None, Role.ASSISTANT, MessageStatus.COMPLETE, tuple(made), now())
    assert answer.sent_parts == (TextPart("a"), collection)
    assert replace(answer, role=Role.USER).sent_parts == tuple(made)
    assert answer.attachments == (image, document)
    assert answer.file_hashes == (HASH,)


def test_the_last_text_follows_the_last_call() -> None:
    call = ToolCallPart("id", "f", "{}")
    assert last_text([TextPart("a"), call, TextPart("b"), call, TextPart("c")]) == "c"
    assert last_text([TextPart("a"), call]) == ""


def test_the_last_text_is_the_last_message() -> None:
    thought, item = ReasoningPart("hm"), ReasoningPart("", "rs_1", "secret")
    assert last_text([TextPart("a"), TextPart("b")]) == "b"
    assert last_text([TextPart("a"), item, TextPart("b")]) == "b"
    assert last_text([item, TextPart("a"), item]) == "a"
    # A server that interleaves its thoughts has one message.
    assert last_text([TextPart("a"), thought, TextPart("b")]) == "a\n\nb"
    assert last_text([TextPart("a"), RefusalPart("b")]) == "a\n\nb"


@given(st.text())
def test_a_title_is_one_short_line(words: str) -> None:
    assert len(title_from(words)) <= 61
    assert len(title_from(words).splitlines()) <= 1


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [("a", True), ("A.b:c_d-9", True), ("a" * 64, True), ("a" * 65, False), ("", False),
     (".a", False), ("a/b", False), ("a\n", False), (7, False)],
)  # fmt: skip
def test_an_id_is_safe_in_a_path(value: object, is_valid: bool) -> None:
    assert is_id(value) is is_valid


def test_ids_are_long_and_differ() -> None:
    assert len({new_id() for _ in range(9)}) == 9
    assert all(is_hash(new_id() * 2) for _ in range(9))
    assert not any(map(is_hash, ("A" * 64, "0" * 63, "0" * 65, "g" * 64, 7)))


@pytest.mark.parametrize(
    ("time", "is_taken"),
    [
        (EARLIEST_TIME, True),
        (EARLIEST_TIME - timedelta(microseconds=1), False),
        (datetime(2999, 12, 31, tzinfo=UTC), True),
        (datetime(3000, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_time_can_be_shown_in_every_zone(time: datetime, is_taken: bool) -> None:
    if is_taken:
        assert checked_time(time) == time
    else:
        with pytest.raises(ValueError, match="out of bounds"):
            checked_time(time)


@pytest.mark.parametrize("count", [-1, 2**40 + 1, 10**400, float("nan"), float("inf"), "1", None])
def test_a_count_out_of_bounds_is_refused(count: Any) -> None:
    with pytest.raises(ValueError, match="Expected"):
        converted({"input_tokens": count}, Usage)
    assert converted({"input_tokens": 2**40}, Usage) == Usage(2**40)
