"""Plans for reading documents in chunks, and the sizes of notes and pieces."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import ceil
from pathlib import Path

import pytest

from desktop_app.chat.attachments.chunked_reading import ChunkPlan
from desktop_app.chat.attachments.note_taking import (
    INSTRUCTIONS,
    DocumentPiece,
    ReadingTask,
    max_note_tokens,
)
from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.cost import Price, Usage
from desktop_app.domain.errors import ContextTooLongError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from tests.unit.chat.test_chunked_reading import MODEL, PRICE, PROMPT, book, open_reading


@pytest.mark.parametrize(
    ("window", "wanted", "longest"),
    [(None, None, None), (32_769, None, None), (32_768, None, 4096), (32_768, 5000, 4096)],
)
def test_notes_are_short_for_small_windows(
    window: int | None, wanted: int | None, longest: int | None
) -> None:
    info = ModelInfo("m", "M", context_window=window)
    parameters = GenerationParameters(max_output_tokens=wanted)
    task = ReadingTask((), PROMPT, ResolvedChoice(OPENAI, info, None, None), parameters=parameters)
    assert max_note_tokens(task) == longest


@pytest.mark.parametrize(
    ("window", "note", "answers"), [(32_000, 1500, 3), (11_992, 1499, 1)], ids=["several", "short"]
)
async def test_a_plan_counts_what_each_model_would_cost(
    tmp_path: Path, window: int, note: int, answers: int
) -> None:
    answerer = replace(MODEL, id="large", name="Large", price=Price(Decimal(10), Decimal(20)))
    taker = replace(MODEL, context_window=window)
    async with open_reading(tmp_path, a=book(800)) as reading:
        task = replace(
            reading.task("a"),
            note_taker=ResolvedChoice(OPENAI, taker, None, Effort.LOW),
            answerer=ResolvedChoice(OPENAI, answerer, None, None),
        )
        pieces = await reading.reader.pieces(task)
        assert len(pieces) > 1
        around = ceil((len(INSTRUCTIONS) + len(PROMPT)) / 3)
        notes = Usage(sum(piece.tokens + around for piece in pieces), 0, len(pieces) * note)
        plan = await reading.reader.plan_of(task, pieces, answers=answers)
        final = Usage(answers * len(pieces) * note, 0, answers * 1500)
        tokens = notes.input_tokens + final.input_tokens
        large = answerer.price
        assert plan == ChunkPlan(
            len(pieces), 0, tokens, PRICE.cost(notes) + large.cost(final), True, plan.method,
            "Small", "Large", large.cost(notes + final),
        )  # fmt: skip
        alone = await reading.reader.plan_of(replace(task, answerer=None), pieces)
        assert (alone.answerer, alone.cost_if_answerer_reads) == ("Small", None)
        unpriced = replace(taker, price=None)
        free = replace(task, note_taker=ResolvedChoice(OPENAI, unpriced, None, Effort.NONE))
        plan = await reading.reader.plan_of(free, pieces)
        assert (plan.cost, plan.leaves_out_reasoning) == (None, False)


@pytest.mark.parametrize(("tokens", "window", "count"), [(0, 0, 2), (960, 400, 4), (961, 400, 5)])
async def test_a_refused_piece_is_split_by_the_sizes_that_the_server_named(
    tmp_path: Path, tokens: int, window: int, count: int
) -> None:
    error = ContextTooLongError(
        "The conversation exceeds the model’s context window.",
        hint="Remove an attachment, start a new conversation, or choose another model.",
    )
    error.tokens, error.window = tokens, window
    info = replace(MODEL, context_window=None)
    text = "word " * 400
    seen = DocumentPart("0" * 64, "a", "application/pdf", 9)
    async with open_reading(tmp_path, a="") as reading:
        task = replace(reading.task("a"), note_taker=ResolvedChoice(OPENAI, info, None, None))
        piece = DocumentPiece("part", text, 1000, seen)
        parts = await reading.reader.split(task, piece, error)
        assert "".join(part.text for part in parts) == text
        assert len(parts) == count
        assert [part.label for part in parts] == [
            f'part section="{number} of {count}"' for number in range(1, count + 1)
        ]
        assert [part.tokens for part in parts] == [len(part.text) // 2 for part in parts]
        assert [part.image_document for part in parts] == [seen, *[None] * (count - 1)]
        short = DocumentPiece("part", "w", 1)
        assert await reading.reader.split(task, short, error) == [short]


@pytest.mark.parametrize(
    ("own", "taker", "limit"),
    [
        (None, 9000, None),
        (9000, 9000, None),
        (9000, None, 7875),  # an eighth of its window stays free for the answer
        (8000, 9000, 7000),
    ],
)
async def test_notes_are_taken_within_the_window_of_both_models(
    tmp_path: Path, own: int | None, taker: int | None, limit: int | None
) -> None:
    small = ResolvedChoice(OPENAI, ModelInfo("s", "S", context_window=taker), None, None)
    whole = ResolvedChoice(OPENAI, ModelInfo("l", "L", context_window=own), None, None)
    async with open_reading(tmp_path, lambda _own: small, a=book(300)) as reading:
        task = replace(reading.task("a"), note_taker=whole)
        plan = await reading.reader.plan(task.documents, PROMPT, whole, AskSettings())
        within = replace(small, model=replace(small.model, max_input=limit))
        pieces = await reading.reader.pieces(replace(task, note_taker=within))
        assert (plan.note_taker, plan.answerer, plan.calls) == ("S", "L", len(pieces))
