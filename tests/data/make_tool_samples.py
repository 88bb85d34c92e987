"""Writes what tools return for random arguments, and what a command writes of random answers.

    python -m tests.data.make_tool_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from desktop_app.cli.streams.terminal import AnswerOutput
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    Notice,
    RefusalDelta,
    RoundEnded,
    StatusChanged,
    TextDelta,
    ToolCallStep,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus, ModelChoice, Role
from desktop_app.domain.conversations.message_parts import DocumentPart, TextPart, ToolCallPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import AuthenticationError, StorageError, StreamCutError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.domain.tools.tool import ToolError
from desktop_app.domain.tools.tool_context import ToolContext
from desktop_app.services.structured.schema_check import check_answer
from desktop_app.tools.calculator import calculate
from desktop_app.tools.document_tools import DocumentTools
from desktop_app.tools.tables import tables_of
from tests.data.make_provider_samples import as_line
from tests.data.samples import write_samples
from tests.unit.providers.samples import OPENAI

EXPECTED: Final = Path(__file__).with_name("tools_and_output")
_AT: Final = datetime(2026, 1, 2, tzinfo=UTC)


def calculations() -> Iterator[str]:
    """Yield the values of expressions."""
    chance = random.Random("calculations")
    atoms = ("0", "1", "2", "7", "0.5", "-3", "1e9999", "1_000", "pi", "e", "05", ".5", "x", "10")
    names = ("abs", "sqrt", "exp", "ln", "log", "floor", "ceil", "round", "min", "max", "sum", "f")

    def expression(depth: int) -> str:
        kind = chance.random()
        if not depth or kind < 0.25:
            return chance.choice(atoms)
        one, other = expression(depth - 1), expression(depth - 1)
        if kind < 0.65:
            return f"{one} {chance.choice('+-*/%^×÷−') if kind < 0.55 else '//'} {other}"
        if kind < 0.75:
            return chance.choice((f"({one})", f"({one}", f"-{one}", f"{one}%", f"{one}, {other}"))
        given = chance.choice((one, one, one, f"{one}, {other}", f"{one}, 2", "1, 2, 3"))
        return f"{chance.choice(names)}({given})"

    bounds = [f"{'(' * deep}1{')' * deep}" for deep in (49, 50)]
    bounds += [f"{'1^' * deep}1" for deep in (49, 50)]
    bounds += ["1e-9999 / 1e9999", "1 + $ and a long rest of words", "% 2", "2 % )", "9 // -2"]
    bounds += ["1e9999 // 7 % 10", "1e-101", "1e-100", "1e100", "1e101"]
    for asked in (*bounds, *(expression(chance.choice((1, 2, 3))) for _ in range(220))):
        try:
            yield as_line(asked, calculate(asked))
        except ToolError as error:
            yield as_line(asked, str(error))


def tables() -> Iterator[str]:
    """Yield the tables of documents."""
    chance = random.Random("tables")
    lines = ("| a | A | |\n", "| --- | :-: |\n", "| 1 | x \\| y |\n", "## Sheet\n", "words\n", "\n")
    rows = ("a,b\n", "a;b;c\n", '"1\n2",3\n', "\n", "4\t5\n", "6,7,8,9\n", "sep=;\n")
    for _ in range(2_880):
        is_csv = chance.random() < 0.5
        text = "".join(chance.choices(rows if is_csv else lines, k=chance.randint(0, 7)))
        name = chance.choice(("data.csv", "B.TSV") if is_csv else ("sheet.v1.xlsx", "plain"))
        found = tables_of(name, chance.choice(("", "text/csv")) if is_csv else "", text)
        yield as_line(text, [[t.name, t.columns, list(t.rows), t.count, t.left_out] for t in found])


def documents() -> Iterator[str]:
    """Yield what models read of attached documents."""
    chance = random.Random("documents")
    words = ("winter", "Goose", "tides", "bays")
    for _ in range(120):
        texts = {}
        parts = []
        for number in range(chance.choice((0, 1, 2, 3))):
            sha256 = str(number) * 64
            pages = chance.choice((0, 2, 30))
            texts[sha256] = "".join(
                f"[page {page + 1}]\n{' '.join(chance.choices(words, k=3))}\n\n"
                for page in range(pages)
            ) or "words and no pages " * chance.choice((1, 500))
            name = chance.choice(("a.pdf", "A.pdf", "b.pdf"))
            parts.append(DocumentPart(sha256, name, "application/pdf", 9, pages=pages or None))
        yield as_line(*asyncio.run(_read(chance, tuple(parts), texts)))


async def _read(
    chance: random.Random, parts: tuple[DocumentPart, ...], texts: dict[str, str]
) -> list[object]:
    async def text_of(sha256: str) -> str:
        return texts[sha256]

    async def collected(_ids: object) -> tuple[DocumentPart, ...]:
        return ()

    message = Message("m", "c", None, Role.USER, MessageStatus.COMPLETE, parts, _AT)
    context = ToolContext("c", (message,), text_of)
    own = DocumentTools(cast("Any", None), cast("Any", None), collected, text_of).tools()
    tools = {tool.definition.name: tool for tool in own}
    said: list[object] = [part.name for part in parts]
    for name, arguments in (
        (
            "search_documents",
            {"words": chance.choice(("goose", "winter tides", "none", "no, pages"))},
        ),
        (
            "read_pages",
            {
                "document": chance.choice(("a.pdf", "a.pdf (2)", "B.PDF", "c.pdf")),
                "first": chance.choice((None, 1, 2, 30, 0, 5)),
                "last": chance.choice((None, None, 2, 20, 21, 24, 25)),
            },
        ),
    ):
        try:
            found = await tools[name].run(arguments, context)
        except ToolError as error:
            found = str(error)
        said.append([arguments, len(found), found[:60], found[-30:]])
    return said


def outputs() -> Iterator[str]:
    """Yield what a command writes to standard output and standard error."""
    chance = random.Random("outputs")
    for _ in range(600):
        out, err = io.StringIO(), io.StringIO()
        as_json = chance.random() < 0.5
        with redirect_stdout(out), redirect_stderr(err):
            output = AnswerOutput(
                as_json=as_json, shows_steps=chance.random() < 0.5, is_several=chance.random() < 0.1
            )
            _write(chance, output)
        yield as_line(as_json, output.has_store_failed, out.getvalue(), err.getvalue())


def _write(chance: random.Random, output: AnswerOutput) -> None:
    states = (ToolCallState.DONE, ToolCallState.DENIED, ToolCallState.FAILED, ToolCallState.RUNNING)
    calls = [
        ToolCallPart("c", "server__look", "{}", state=state, result="why", seconds=1.5)
        for state in states
    ]
    for _ in range(chance.randint(0, 6)):
        output.listen(
            chance.choice(
                (
                    TextDelta(chance.choice(("One", "two.\n", ""))),
                    RefusalDelta("No."),
                    Notice(notice(NoticeCode.REPAIRED)),
                    ToolCallStep(chance.choice(calls)),
                    RoundEnded(),
                    StatusChanged(
                        chance.choice((0, 0, 1.2)),
                        chance.choice((ErrorNote("Busy."), ErrorNote("Busy."), None)),
                    ),
                )
            ),
            Reply(),
        )
    if chance.random() < 0.1:
        output.on_store(chance.choice((None, StorageError(Reason.STORE_DAMAGED, place="“home”"))))
    errors = (AuthenticationError(Reason.KEY_NOT_ACCEPTED, provider="P"),)
    error = chance.choice((*errors, StreamCutError(Reason.ANSWER_CUT, provider="P")))
    match chance.randint(0, 9):
        case 0:
            output.refuse(error)
        case 1:
            output.end_interrupted()
        case _:
            choice = ModelChoice("openai", "gpt-5.2", Variant.THINKING, Effort.LOW)
            status = chance.choice(list(MessageStatus))
            answer = Message(
                "m",
                "c",
                None,
                Role.ASSISTANT,
                status,
                (TextPart(chance.choice(("One", '{"a": 1}'))), *calls[: chance.randint(0, 3)]),
                _AT,
                chance.choice((None, choice, ModelChoice("home", "m", None, None))),
                chance.choice((None, Usage(9, 1, 5, 2))),
                cost=chance.choice((None, Decimal("0.05"))),
                duration_s=chance.choice((None, 1.23456)),
                error=note_from_error(error) if status is MessageStatus.FAILED else None,
                notices=(notice(NoticeCode.REPAIRED),) if chance.random() < 0.3 else (),
            )
            schema = {"type": "object", "required": ["a"]}
            conversation_id = chance.choice((None, "c"))
            output.use_provider(replace(OPENAI, from_environment=chance.random() < 0.3))
            output.close(
                answer,
                conversation_id=conversation_id,
                passages=chance.choice(((), ({"number": 1},))),
                checked=chance.choice((None, check_answer(schema, answer.text))),
            )
    output.end_without_answer()


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "calculations": calculations,
    "tables": tables,
    "documents": documents,
    "outputs": outputs,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
