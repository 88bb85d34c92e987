"""Compaction by summary with the real local model: a full conversation continues."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.chat.send_context import AskSettings, SendContext
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.compaction import CompactionKind
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.errors import DocumentDoesNotFitError
from desktop_app.paths import folders
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE

pytestmark = pytest.mark.slow

# A sixth of the real window, so that filling it takes seconds on a slow machine, too.
SMALLER = """
[models."smollm2-135m-instruct"]
context_window = 1_360
"""
FACTS = [
    "The harbour of Ness is called Port of Ness and was rebuilt in 1835.",
    "The boat Aurora carries 42 crates of lemons and leaves on Tuesday.",
    "We decided to repaint the lighthouse in red because white cannot be seen in fog.",
]


async def store_turn(
    backend: Backend, conversation: Conversation, text: str, parent: str | None
) -> str:
    """Store a question and an answer as if they had been exchanged."""
    question, answer = (
        Message(
            new_id(),
            conversation.id,
            None,
            role,
            MessageStatus.STREAMING if role is Role.ASSISTANT else MessageStatus.COMPLETE,
            (TextPart(words),),
            now(),
            conversation.choice,
        )
        for role, words in ((Role.USER, text), (Role.ASSISTANT, "I have noted it."))
    )
    question = replace(question, parent_id=parent)
    answer = replace(answer, parent_id=question.id)
    await backend.conversations.begin_turn(conversation, question, answer)
    await backend.conversations.save_answer(replace(answer, status=MessageStatus.COMPLETE))
    return answer.id


async def test_a_conversation_that_fills_the_window_goes_on() -> None:
    where = folders()
    where.config.mkdir(parents=True)
    (where.config / "models.toml").write_text(SMALLER)
    backend = Backend(environment={})
    await backend.database.open()
    try:
        choice = backend.providers.default_choice(ON_DEVICE, await backend.values())
        conversation = Conversation(new_id(), "Ness", now(), now(), choice)
        leaf = None
        for number in range(6):
            words = " ".join(f"{FACTS[number % 3]} Note {number}.{n}." for n in range(8))
            leaf = await store_turn(backend, conversation, words, leaf)
        path = await backend.conversations.path(conversation.id)
        resolved = backend.chat.resolve(ON_DEVICE, choice)
        used, _ = await backend.chat.estimator.context_tokens(SendContext(path, resolved))
        assert used > 1_360 - 340
        assert await backend.compaction.is_nearly_full(SendContext(path, resolved))
        with pytest.raises(DocumentDoesNotFitError, match="accepts 848"):
            await backend.chat.begin(
                conversation, path, Draft("What leaves on Tuesday?"), ON_DEVICE, AskSettings()
            )

        plan = await backend.compaction.plan(SendContext(path, resolved))
        assert plan is not None
        assert plan.kind is CompactionKind.SUMMARY
        assert plan.cost_at_most == 0
        made = await backend.compaction.compact(plan)
        assert made.tokens_after < made.tokens_before / 2

        short = AskSettings(parameters=GenerationParameters(max_output_tokens=16))
        began = await backend.chat.begin(
            conversation, path, Draft("What leaves on Tuesday?"), ON_DEVICE, short
        )
        answer = await began.run(lambda *_: None, lambda _: None)
        assert answer.status in (MessageStatus.COMPLETE, MessageStatus.INCOMPLETE)
        assert answer.text
        assert answer.usage is not None
        assert answer.usage.input_tokens < used / 2
        # The estimate may differ by the tokens that the chat template adds to each message.
        rest = path[[m.id for m in path].index(made.message_id) + 1 :]
        counted = await backend.chat.estimator.estimate(
            SendContext(path, resolved, (made,)), Draft("What leaves on Tuesday?")
        )
        assert abs(counted.input_tokens - answer.usage.input_tokens) < 16 + 8 * len(rest)
        assert await backend.ledger.utility_cost(conversation.id) == 0
        path = await backend.conversations.path(conversation.id)
        assert len(path) == 14
    finally:
        await backend.aclose()
