"""The limit from which a compaction is offered, and what it would replace and cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from desktop_app.backend.environment_profiles import COMETAPI, OPENAI
from desktop_app.backend.image_scaling import ImageScaler
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import (
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.spending.cost import Price, Usage
from desktop_app.services.chat.compaction_service import CompactionService, readable_content
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.chat.small_tasks.utility_model import UtilityModel
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.services.spending.budget import Budget, PaidCalls
from desktop_app.services.spending.cost_estimate import Estimator
from desktop_app.storage.conversations.compaction_store import CompactionStore
from desktop_app.storage.database.database import Database
from desktop_app.storage.documents.attachment_store import AttachmentStore
from desktop_app.storage.settings.settings_store import SettingsStore
from desktop_app.storage.spending.ledger import Ledger
from desktop_app.storage.spending.spending_holds import SpendingHolds
from tests.helpers.prompt_delimiters import delimiters
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider, WordCounter
from tests.unit.providers.samples import CATALOG
from tests.unit.storage.samples import NOON

SERVER = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1")
PRICE = Price(Decimal(1_000_000), Decimal(2_000_000))  # a dollar a token, and two
SMALL = ModelInfo("m", "M", max_input=1000, price=PRICE)
FRAME = 4  # tokens around each message


def service(counter: WordCounter | None = None) -> CompactionService:
    """Return a service that only plans: its store is never opened."""
    database = Database(Path("never-opened"))
    attachments = AttachmentStore(database, Path("never-made"))
    budget = Budget(SpendingHolds(database), SettingsStore(database))
    return CompactionService(
        store=CompactionStore(database),
        attachments=attachments,
        images=ImageScaler(attachments, None),  # type: ignore[arg-type]
        estimator=Estimator(counter or WordCounter(), attachments),
        utility_model=UtilityModel(
            PaidCalls(OneProvider(ScriptedProvider()), budget, Ledger(database)),
            partial(ProviderModels, catalog=CATALOG),
        ),
        delimiters=delimiters(),
    )


def choice(model: ModelInfo = SMALL, profile: ProviderProfile = SERVER) -> ResolvedChoice:
    return ResolvedChoice(profile, model, model.variant, None)


def said(
    role: Role, text: str, usage: Usage | None = None, resolved: ResolvedChoice | None = None
) -> Message:
    by = resolved or choice()
    return Message(
        new_id(), "c", None, role, MessageStatus.COMPLETE, (TextPart(text),), NOON,
        ModelChoice(by.profile.id, by.model.id, by.variant), usage=usage,
    )  # fmt: skip


def turns(*tokens: int) -> list[Message]:
    """Return questions and answers of so many tokens, in turn."""
    roles = (Role.USER, Role.ASSISTANT)
    return [said(roles[n % 2], "word " * (count - FRAME)) for n, count in enumerate(tokens)]


# -------------------------------------------------------------- nearly full


@pytest.mark.parametrize(
    ("path", "more", "expected"),
    [
        (turns(800), 0, True),
        (turns(799), 0, False),
        ([said(Role.USER, "a"), said(Role.ASSISTANT, "b", Usage(790, 0, 10))], 0, True),
        ([said(Role.USER, "a"), said(Role.ASSISTANT, "b", Usage(789, 0, 10))], 0, False),
        ([], 1000, False),
    ],
)
async def test_a_window_is_nearly_full_from_four_fifths(
    path: list[Message], more: int, expected: bool
) -> None:
    context = SendContext(path, choice())
    assert await service().is_nearly_full(context, more_tokens=more) is expected
    unknown = SendContext(path, choice(replace(SMALL, max_input=None)))
    assert not await service().is_nearly_full(unknown, more_tokens=more)


# -------------------------------------------------------------- what is replaced


@pytest.mark.parametrize(
    ("tokens", "last", "replaced"),
    [
        ((750, 750, 250, 250), 1, 1500),  # a quarter stays
        ((750, 750, 250, 251), 3, 2001),
        ((500, 300, 100, 100), 3, 1000),
        ((500, 300, 100, 99), None, 0),
        ((500, 500, 2000), 1, 1000),  # the question of now cannot be replaced
        ((2000,), None, 0),
    ],
)
async def test_the_last_turn_stays_if_it_is_small(
    tokens: Sequence[int], last: int | None, replaced: int
) -> None:
    path = turns(*tokens)
    planned = await service().plan(SendContext(path, choice()))
    if last is None:
        assert planned is None
        return
    assert (planned.kind, planned.point) == (CompactionKind.SUMMARY, path[last])
    assert list(planned.sent.messages) == path[: last + 1]
    assert (planned.request_tokens, planned.tokens) == (sum(tokens), replaced)
    assert not planned.is_exact
    assert planned.maker == planned.answering == choice()


async def test_compacted_messages_are_not_compacted_again() -> None:
    path = turns(2000, 2000, 500, 510, 10, 10)
    made = Compaction("k", "c", path[1].id, CompactionKind.SUMMARY, "own", "m", "w " * 30, NOON,
                      4000, 30)  # fmt: skip
    planned = await service().plan(SendContext(path, choice(), [made]))
    assert (planned.sent.compaction, list(planned.sent.messages)) == (made, path[2:4])
    assert planned.request_tokens - planned.tokens == 20
    unreadable = replace(made, kind=CompactionKind.PROVIDER, body="[]", provider_id="another")
    planned = await service().plan(SendContext(path, choice(), [unreadable]))
    assert (planned.sent.compaction, list(planned.sent.messages)) == (None, path[:4])


# -------------------------------------------------------------- what it costs


@pytest.mark.parametrize(
    ("model", "tokens", "reads", "writes"),
    [
        (SMALL, 1000, 1000 + 600, 62),
        (SMALL, 1001, 1001 + 2 * 600 + 2 * 62 + 600, 3 * 62),
        (replace(SMALL, context_window=32_000), 1000, 1000 + 600, 2000),
        (replace(SMALL, max_input=None), 4000, 4000 + 600, 4000),
        (replace(SMALL, max_input=None), 15_000, 15_000 + 3 * 600 + 3 * 4000 + 600, 4 * 4000),
    ],
)
async def test_the_cost_of_a_summary_counts_each_part_and_merging_them(
    model: ModelInfo, tokens: int, reads: int, writes: int
) -> None:
    """Each part is read with the instructions, and of several parts the summaries again."""
    planned = await service().plan(SendContext(turns(500, tokens - 500), choice(model)))
    assert planned.cost_of_input == reads
    assert planned.cost_at_most == reads + 2 * writes
    free = replace(model, price=None)
    planned = await service().plan(SendContext(turns(500, tokens - 500), choice(free)))
    assert (planned.cost_of_input, planned.cost_at_most) == (None, None)


def test_the_texts_of_a_provider_s_items_are_readable() -> None:
    parts = [{"text": "a"}, "x", {"text": "b"}]
    items = [{"content": "plain"}, {"encrypted_content": "gAAAA"}, {"content": parts}]
    made = Compaction("k", "c", "m", CompactionKind.PROVIDER, "own", "m", json.dumps(items), NOON,
                      9, 3)  # fmt: skip
    assert readable_content(made) == (5, "plain\n\na\nb")
    assert readable_content(replace(made, kind=CompactionKind.SUMMARY, body="Few.")) == (0, "Few.")


# -------------------------------------------------------------- who makes it

PRO, THINKING, INSTANT = (
    CATALOG.for_variant(each) for each in (Variant.PRO, Variant.THINKING, Variant.INSTANT)
)


@pytest.mark.parametrize(
    ("profile", "model", "question", "kind", "maker"),
    [
        (OPENAI, THINKING, 750, CompactionKind.PROVIDER, THINKING.id),
        (OPENAI, THINKING, 751, CompactionKind.SUMMARY, "gpt-5-mini"),  # half would be kept
        (OPENAI, PRO, 750, CompactionKind.PROVIDER, THINKING.id),
        (OPENAI, replace(THINKING, price=PRICE), 750, CompactionKind.PROVIDER, THINKING.id),
        (OPENAI, replace(THINKING, id="gpt-5.2-x", price=None), 750, CompactionKind.PROVIDER,
         THINKING.id),
        (replace(OPENAI, api=Api.CHAT_COMPLETIONS), THINKING, 750, CompactionKind.SUMMARY,
         "gpt-5-mini"),
        (COMETAPI, THINKING, 750, CompactionKind.SUMMARY, "gpt-5-mini"),
        (SERVER, THINKING, 750, CompactionKind.SUMMARY, THINKING.id),
    ],
)  # fmt: skip
async def test_the_provider_or_a_small_model_compacts(
    profile: ProviderProfile, model: ModelInfo, question: int, kind: CompactionKind, maker: str
) -> None:
    context = SendContext(turns(question, 1500 - question), choice(model, profile))
    planned = await service().plan(context)
    assert (planned.kind, planned.maker.model.id) == (kind, maker)
    assert planned.tokens == 1500
    if kind is CompactionKind.PROVIDER:
        price = planned.maker.price
        assert planned.cost_of_input == price.cost(Usage(1500, 0, 0))
        assert planned.cost_at_most == price.cost(
            Usage(1500, 0, planned.maker.model.max_output or 0)
        )
