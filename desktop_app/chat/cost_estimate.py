"""Estimates of tokens and cost before anything is sent.

The provider counted the conversation so far with its last answer, so only later messages are
counted here. The count is ignored if it no longer matches what is sent, for example because a
compaction was made or undone after the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from desktop_app.chat.attachments.document_beginnings import can_send_beginning
from desktop_app.chat.attachments.file_attachments import (
    deduplicate_parts,
    file_tokens,
    is_file,
    is_wanted_as_file,
)
from desktop_app.chat.attachments.image_attachments import (
    attached_image_tokens,
    has_images,
    next_returned_images,
    page_tokens,
    with_generated_images,
)
from desktop_app.chat.passage_context import PassageSource, find_passages, passages_block
from desktop_app.chat.prompt_assembly import (
    has_delimited_parts,
    is_delimited,
    sent_block,
    summary_messages,
)
from desktop_app.chat.send_context import SendContext
from desktop_app.documents.token_counting import ProviderTokenCounter
from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind, last_change
from desktop_app.domain.conversations.conversation import Draft, Message, Role
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PassagesPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    tool_calls,
)
from desktop_app.domain.cost import TypicalAnswer, prompt_cost
from desktop_app.domain.errors import DocumentDoesNotFitError
from desktop_app.domain.models.model_catalog import ModelInfo, usual_tokens_of
from desktop_app.domain.models.token_counts import (
    MAX_GUESSED_CHARACTERS,
    CountMethod,
    TokenCount,
    guessed_tokens,
)
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.prompt_delimiter import SAMPLE_DELIMITER
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.ports import AttachmentSource

# Tokens of a message apart from its text (role, separators); OpenAI's own examples count 3 or 4.
MESSAGE_OVERHEAD = 4
# Tokens reserved for an answer: a question that leaves less room is refused.
RESERVED_ANSWER_TOKENS = 512
# The usable share of a window whose tokens are counted exactly: servers add text of their own.
USABLE_SHARE = 0.95
# A compaction is counted for one model; another model counts at most this many times as much.
MAX_COUNT_RATIO = 4
# For documents that exceed a window of this size, no other model is suggested.
_LARGE_WINDOW_TOKENS = 100_000
# Messages counted between two turns of the event loop: 5 ms if their tokens are known.
_COUNTED_AT_ONCE = 200


class Estimate(NamedTuple):
    """The tokens and cost of a message.

    Attributes:
        input_tokens: all tokens that one request sends.
        method: how the tokens were counted.
        input_cost, longest_answer_cost: US dollars; None if the price is unknown. The cost of the
            longest answer is also None if no limit on the answer's length is known.
        limit: tokens of input that the model accepts; None if unknown.
        answers: the number of answers; the costs cover all of them.
    """

    input_tokens: int
    method: CountMethod
    input_cost: Decimal | None
    longest_answer_cost: Decimal | None
    limit: int | None
    answers: int = 1

    @property
    def is_exact(self) -> bool:
        """Return False if the tokens are estimated; shown with ≈."""
        return self.method <= CountMethod.SERVER

    def for_answers(self, count: int) -> Estimate:
        """Return the estimate for several answers, from this one for a single answer."""
        costs = (self.input_cost, self.longest_answer_cost)
        input_cost, longest = (None if cost is None else cost * count for cost in costs)
        return self._replace(input_cost=input_cost, longest_answer_cost=longest, answers=count)


class Estimator:
    """Estimator of drafts, with a cache of token counts."""

    def __init__(
        self,
        counter: ProviderTokenCounter,
        attachments: AttachmentSource,
        passages: Callable[[], PassageSource | None] | None = None,
    ) -> None:
        self._counter = counter
        self._attachments = attachments
        self._passages = passages
        self._may_ask = False
        self._may_guess = False
        self._counted: dict[tuple[object, ...], int] = {}  # tokens by what was counted

    def for_sending(self) -> Estimator:
        """Return an estimator for the moment of sending, which may ask the server to count."""
        estimator = Estimator(self._counter, self._attachments, self._passages)
        estimator._may_ask = True
        return estimator

    def for_typing(self) -> Estimator:
        """Return an estimator for what is typed, which guesses short texts and counts others.

        The tokenizer takes a process, 0.4 s and 83 MB, which the first key should not.
        """
        estimator = Estimator(self._counter, self._attachments, self._passages)
        estimator._may_guess = True
        return estimator

    async def count(self, text: str, resolved: ResolvedChoice) -> TokenCount:
        """Count the tokens of a text, or guess them."""
        if self._may_guess and text and len(text) <= MAX_GUESSED_CHARACTERS:
            rate = self.tokenizer_rate(resolved) or 1
            return TokenCount(ceil(guessed_tokens(text) * rate), is_exact=False)
        return await self._count_exactly(text, resolved)

    async def _count_exactly(self, text: str, resolved: ResolvedChoice) -> TokenCount:
        return await self._counter.count(
            text, resolved.profile, resolved.model.id, may_ask=self._may_ask
        )

    async def method_of(self, text: str, resolved: ResolvedChoice) -> CountMethod:
        """Return how `text` is counted."""
        count = await self.count(text, resolved)
        return self._count_method(resolved, is_exact=count.is_exact)

    def _count_method(self, resolved: ResolvedChoice, *, is_exact: bool) -> CountMethod:
        """Return how a request was counted; never SERVER if the server may not be asked."""
        method = self._counter.method(resolved.profile, resolved.model.id, is_exact=is_exact)
        if method is CountMethod.SERVER and not self._may_ask:
            return self._counter.method(resolved.profile, resolved.model.id, is_exact=False)
        return method

    def tokenizer_rate(self, resolved: ResolvedChoice) -> float | None:
        """Return the expected tokens for one of OpenAI's; None if the model has its tokenizer."""
        return self._counter.tokenizer_rate(resolved.profile, resolved.model.id)

    async def estimate(
        self,
        context: SendContext,
        draft: Draft,
        *,
        max_output_tokens: int | None = None,
        passages: Sequence[PassagesPart] | None = None,
    ) -> Estimate:
        """Return the tokens and cost of sending `draft` in this context.

        Args:
            passages: the passages of the draft's collections; None searches for them.

        Raises:
            UserFacingError: counting failed, or a collection no longer exists.
        """
        resolved = context.resolved
        if passages is None:
            passages = await find_passages(self._passages, context, draft, is_estimate=True)
        context_count = await self.context_tokens(context)
        draft_count = await self.count(draft.text, resolved)
        total = context_count.tokens + draft_count.tokens + MESSAGE_OVERHEAD
        sent_path = context.sent
        new_attachments = deduplicate_parts(
            sent_path.messages, draft.question_attachments, resolved.files
        )
        returned = next_returned_images(
            sent_path.messages, draft.question_attachments, resolved.model
        )
        new_images = [part for part in returned if isinstance(part, ImagePart)]
        parts = (*new_images, *new_attachments, *passages)
        attached_count = await self._attached_tokens(parts, resolved)
        total += attached_count.tokens
        # The first text in tags is preceded by the explanation of the tags.
        has_tags = any(is_delimited(part, resolved.files) for part in parts)
        if has_tags and not has_delimited_parts(sent_path.messages, resolved.files):
            total += (await self._count_exactly(SAMPLE_DELIMITER.explanation, resolved)).tokens
        is_exact = draft_count.is_exact and context_count.is_exact and attached_count.is_exact
        method = self._count_method(resolved, is_exact=is_exact)
        return estimate_of(total, method, resolved, max_output_tokens)

    async def _attached_tokens(
        self, parts: Sequence[DocumentPart | ImagePart | PassagesPart], resolved: ResolvedChoice
    ) -> TokenCount:
        total = 0
        is_exact = True
        for part in parts:
            if isinstance(part, PassagesPart):
                block = passages_block(part, SAMPLE_DELIMITER)
                total += (await self._count_exactly(block, resolved)).tokens
            elif isinstance(part, DocumentPart) and is_file(part, resolved.files):
                text_tokens = await self.document_tokens(part, resolved)
                total += file_tokens(part, text_tokens, resolved.model)
                is_exact = False
            else:
                if isinstance(part, DocumentPart):
                    total += await self.document_tokens(part, resolved)
                    image_count = page_tokens(part, resolved.model)
                else:
                    image_count = attached_image_tokens(part, resolved.model)
                total += image_count.tokens
                is_exact = is_exact and image_count.is_exact
        return TokenCount(total, is_exact)

    async def context_tokens(self, context: SendContext) -> TokenCount:
        """Count the tokens of a context, which is sent before the question.

        The provider's count of an answer may be from a time when fewer tools were chosen. Then the
        count of everything here is the larger one.
        """
        resolved = context.resolved
        sent_path = context.sent
        first_sent = len(context.path) - len(sent_path.messages)
        returned = with_generated_images(sent_path.messages, resolved.model)
        path = [*context.path[:first_sent], *returned]
        definitions = _definitions(context)
        total = 0
        is_exact = True
        provider_count: TokenCount | None = None
        # Another model may not see images, or may count them differently. A file may contain some.
        images = (any(has_images(p) or is_wanted_as_file(p) for p in m.parts) for m in path)
        first_image = next((n for n, is_seen in enumerate(images) if is_seen), len(path))
        has_tags = (has_delimited_parts([m], resolved.files) for m in sent_path.messages)
        first_delimited = next((n for n, tagged in enumerate(has_tags, first_sent) if tagged), -1)
        changed_at = last_change(context.compactions)
        # From the newest message back to the last that the provider has counted.
        for number in range(len(path) - 1, first_sent - 1, -1):
            if number % _COUNTED_AT_ONCE == 0:
                await asyncio.sleep(0)  # other tasks get no turn below if all counts are known
            message = path[number]
            if message.role is Role.ASSISTANT and message.attachments:
                message = replace(message, parts=message.sent_parts)
            elif any(isinstance(part, DocumentPart) for part in message.parts):
                earlier = path[first_sent:number]  # their documents are only named
                parts = deduplicate_parts(earlier, message.sent_parts, resolved.files)
                message = replace(message, parts=tuple(parts))
            usage, choice = message.usage, message.choice
            if (
                provider_count is None
                and not context.settings.has_text
                and usage is not None
                and choice is not None
                # The usage of an answer with tool calls is that of several requests.
                and not tool_calls(message.parts)
                and choice.provider_id == resolved.profile.id
                and (choice.model == resolved.model.id or number < first_image)
                and message.created_at > changed_at
            ):
                # The reasoning is not sent again.
                sent_tokens = usage.input_tokens + usage.output_tokens - usage.reasoning_tokens
                provider_count = TokenCount(total + sent_tokens, is_exact)
                if not definitions:
                    return provider_count
            total += await self.message_tokens(message, resolved)
            if number == first_delimited:
                total += await self.text_tokens(SAMPLE_DELIMITER.explanation, resolved)
            is_exact = is_exact and not message.parts  # an empty answer has no tokens to estimate
        if instructions := context.settings.counted_instructions:
            instructions_count = await self.count(instructions, resolved)
            total += instructions_count.tokens + MESSAGE_OVERHEAD
            is_exact = is_exact and instructions_count.is_exact
        if sent_path.compaction is not None:
            total += await self._compaction_tokens(sent_path.compaction, resolved)
            is_exact = False
        if definitions:
            text = "\n".join(definitions)
            key = ("definitions", text, resolved.profile.id, resolved.model.id)
            if key not in self._counted:
                self._counted[key] = await self.text_tokens(text, resolved)
            total += self._counted[key]
            is_exact = False  # providers rewrite the definitions in a form of their own
        if provider_count is not None and provider_count.tokens >= total:
            return provider_count
        return TokenCount(total, is_exact)

    async def _compaction_tokens(self, compaction: Compaction, resolved: ResolvedChoice) -> int:
        # Counted for this provider when it was made. A provider's state has no text to count.
        is_own = compaction.provider_id == resolved.profile.id
        if is_own or compaction.kind is CompactionKind.PROVIDER:
            return compaction.tokens_after
        key = (compaction.id, resolved.profile.id)
        if key not in self._counted:
            self._counted[key] = await self.summary_tokens(compaction.body, resolved)
        return self._counted[key]

    async def summary_tokens(self, summary: str, resolved: ResolvedChoice) -> int:
        """Return the tokens of a summary as it is sent."""
        messages = summary_messages(summary, SAMPLE_DELIMITER)
        texts = [p.text for m in messages for p in m.parts if isinstance(p, TextPart)]
        counts = [await self.text_tokens(text, resolved) for text in texts]
        return sum(counts) + MESSAGE_OVERHEAD * len(counts)

    async def text_tokens(self, text: str, resolved: ResolvedChoice) -> int:
        """Return the tokens of a text alone."""
        return (await self.count(text, resolved)).tokens

    async def document_tokens(self, part: DocumentPart, resolved: ResolvedChoice) -> int:
        """Return the tokens of a document in the prompt for this provider's model."""
        spans = part.chosen.spans if part.chosen else ()
        form = (part.in_parts, part.by_tools, spans, part.again_as, part.for_code)
        key = (part.text_key, resolved.profile.id, resolved.model.id, form)
        if key not in self._counted:
            block = await sent_block(part, self._attachments, SAMPLE_DELIMITER)
            self._counted[key] = (await self._count_exactly(block, resolved)).tokens
        return self._counted[key]

    def is_sure_to_fit(self, context: SendContext, draft: Draft) -> bool:
        """Return True if the draft fits by its size in bytes; False if it must be counted.

        Return True, too, if the model's limit is unknown.
        """
        limit = context.resolved.model.input_limit
        if limit is None:
            return True
        has_documents = draft.attachments or context.settings.collections
        upper_bound = None if has_documents else self.token_upper_bound(context, draft.text)
        return upper_bound is not None and upper_bound + RESERVED_ANSWER_TOKENS <= limit

    def token_upper_bound(self, context: SendContext, text: str = "") -> int | None:
        """Return an upper limit of the tokens sent with `text`: a token has at least a byte.

        Return None if attachments, passages or tool calls are sent, which must be counted.
        """
        sent_path = context.sent
        texts = [context.settings.counted_instructions, *_definitions(context), text]
        overhead = (len(texts) + len(sent_path.messages)) * MESSAGE_OVERHEAD
        for message in sent_path.messages:
            separator = ""
            for part in message.parts:
                if isinstance(part, TextPart | RefusalPart):
                    texts += [separator, part.text]
                    separator = "\n\n"
                elif not isinstance(part, ReasoningPart):  # which is not sent again
                    return None
        compacted_tokens = 0
        if sent_path.compaction is not None:
            compacted_tokens = sent_path.compaction.tokens_after * MAX_COUNT_RATIO
        size = sum(len(each.encode("utf-8", "surrogatepass")) for each in texts)
        return compacted_tokens + size + overhead

    def require_fit(
        self,
        draft: Draft,
        estimate: Estimate,
        resolved: ResolvedChoice,
        *,
        may_compact: bool = False,
    ) -> None:
        """Raise if the input does not fit the model's window.

        Args:
            may_compact: earlier messages could be compacted.

        Raises:
            DocumentDoesNotFitError: the input, with room for an answer, exceeds the limit.
        """
        limit = accepted_input(resolved.model)
        if limit is None or estimate.input_tokens <= limit:
            return
        documents = [part for part in draft.attachments if isinstance(part, DocumentPart)]
        if documents and estimate.is_exact:
            message = N_("With {names}, this needs {tokens} tokens, but {model} accepts {limit}.")
        elif documents:
            message = N_(
                "With {names}, this needs about {tokens} tokens, but {model} accepts {limit}."
            )
        elif estimate.is_exact:
            message = N_("This message needs {tokens} tokens, but {model} accepts {limit}.")
        else:
            message = N_("This message needs about {tokens} tokens, but {model} accepts {limit}.")
        if documents and (resolved.model.input_limit or 0) < _LARGE_WINDOW_TOKENS:
            hint = N_("Attach a shorter document, or choose another model.")
        elif documents:
            hint = N_("Attach fewer or shorter documents.")
        elif may_compact:
            hint = N_("Compact it, or start a new conversation.")
        else:
            hint = N_("Start a new conversation, or choose another model.")
        raise DocumentDoesNotFitError(
            message,
            hint,
            names=joined([part.name for part in documents]),
            tokens=estimate.input_tokens,
            model=resolved.model.name,
            limit=limit,
        )

    async def reduce_to_beginnings(
        self, context: SendContext, draft: Draft, tools: Sequence[str]
    ) -> Draft:
        """Return the draft with as many of its largest documents reduced as needed.

        Raises:
            DocumentDoesNotFitError: the draft does not fit even so.
        """
        while True:
            estimate = await self.estimate(context, draft)
            try:
                self.require_fit(draft, estimate, context.resolved)
            except DocumentDoesNotFitError:
                model = context.resolved.model
                reducible = [
                    part
                    for part in draft.attachments
                    if isinstance(part, DocumentPart) and can_send_beginning(part, tools, model)
                ]
                if not reducible:
                    raise
                largest = max(reducible, key=lambda part: part.tokens or part.size)
                reduced = replace(largest, by_tools=True)
                attachments = (reduced if part is largest else part for part in draft.attachments)
                draft = replace(draft, attachments=tuple(attachments))
            else:
                return draft

    async def message_tokens(self, message: Message, resolved: ResolvedChoice) -> int:
        """Return the tokens of a message with its documents and images."""
        documents = (p for p in message.attachments if isinstance(p, DocumentPart))
        form = (resolved.files is None, *((p.again_as, p.in_parts, p.for_code) for p in documents))
        calls = (text for c in tool_calls(message.parts) for text in (c.arguments, c.result))
        text = "\n".join((message.text, *calls))
        key = (message.id, resolved.profile.id, resolved.model.id, len(text), form)
        if key not in self._counted:
            tokens = await self.text_tokens(text, resolved)
            parts = (*message.attachments, *message.passage_parts)
            attached_count = await self._attached_tokens(parts, resolved)
            self._counted[key] = tokens + MESSAGE_OVERHEAD + attached_count.tokens
        return self._counted[key]


def _definitions(context: SendContext) -> list[str]:
    """Return the texts of the tools and of the answer's form, approximately as sent."""
    texts = [tool.sent_text for tool in context.tools.definitions]
    form = context.settings.answer_form
    resolved = context.resolved
    is_left_out = isinstance(form, AnswerSchema) and resolved.model.takes_schema is False
    # Servers like llama.cpp compile a form into rules for the answer; it is not in the prompt.
    if form is not None and resolved.profile.serves_gpt_family and not is_left_out:
        texts.append(form.sent_text)
    return list(filter(None, texts))


def accepted_input(info: ModelInfo) -> int | None:
    """Return the tokens of input that are not refused before sending; None if unknown."""
    # A limit on the input alone leaves room for the answer already.
    if info.max_input is not None or info.context_window is None:
        return info.max_input
    return info.context_window - RESERVED_ANSWER_TOKENS


def usable_input(info: ModelInfo) -> int | None:
    """Return the tokens of input that leave room for an answer; None if unknown.

    This is the stated limit, or else the window minus the longest answer. At most a quarter of the
    window is reserved for the answer, and an eighth if the longest answer is unknown.
    """
    if info.max_input is not None:
        return info.max_input
    if info.context_window is None:
        return None
    reserved = info.max_output or info.context_window // 8
    return info.context_window - min(reserved, info.context_window // 4)


def estimate_of(
    tokens: int, method: CountMethod, resolved: ResolvedChoice, max_output_tokens: int | None
) -> Estimate:
    """Return the estimate of one answer to so many tokens."""
    model = resolved.model
    limits = [limit for limit in (max_output_tokens, model.max_output) if limit]
    max_answer_tokens = min(limits, default=None)
    price = resolved.price
    longest_cost = None
    if price is not None and max_answer_tokens is not None:
        longest_cost = price.answer_cost(tokens, max_answer_tokens)
    return Estimate(
        input_tokens=tokens,
        method=method,
        input_cost=prompt_cost(price, tokens),
        longest_answer_cost=longest_cost,
        limit=model.input_limit,
    )


TypicalAnswers = Mapping[tuple[str, str], TypicalAnswer]
"""The user's own answers, by model and effort, "" for none."""


def typical_answer(resolved: ResolvedChoice, typical: TypicalAnswers) -> TypicalAnswer:
    """Return the figures of a choice."""
    effort = resolved.effort.value if resolved.effort else ""
    return typical.get((resolved.model.id, effort), TypicalAnswer())


def typical_tokens(
    resolved: ResolvedChoice, typical: TypicalAnswers, max_output_tokens: int | None = None
) -> int:
    """Return the output tokens that an answer of this choice usually has."""
    limits = [limit for limit in (max_output_tokens, resolved.model.max_output) if limit]
    measured = typical_answer(resolved, typical).output_tokens
    return min((measured or _assumed_tokens(resolved, typical), *limits))


def _assumed_tokens(resolved: ResolvedChoice, typical: TypicalAnswers) -> int:
    """Return the tokens that are assumed of a model and an effort that the user has not used.

    What the user has used tells how long the user's answers are, so that a lower effort is never
    assumed to cost more than it, and a higher one never less: efforts of the same model, else of
    others.
    """
    model, effort = resolved.model, resolved.effort or Effort.NONE
    assumed = model.usual_tokens(resolved.effort)
    measured = [
        (model_id != model.id, abs(other.rank - effort.rank), other, answer.output_tokens)
        for (model_id, name), answer in typical.items()
        if answer.output_tokens
        for other in (Effort(name or Effort.NONE),)
    ]
    if not measured:
        return assumed
    nearest = min(measured, key=lambda each: (*each[:2], each[2].rank))
    is_other_model, _, other, own = nearest
    usual = usual_tokens_of(other) if is_other_model else model.usual_tokens(other)
    return own + assumed - usual if assumed > usual else own * assumed // usual


def typical_cost(
    estimate: Estimate,
    resolved: ResolvedChoice,
    typical: TypicalAnswers,
    max_output_tokens: int | None = None,
) -> Decimal | None:
    """Return the cost of a question with usual answers; None if the price is unknown."""
    price = resolved.counted_price
    if price is None:
        return None
    output_tokens = typical_tokens(resolved, typical, max_output_tokens)
    tokens = estimate.input_tokens
    return estimate.answers * (price.prompt_cost(tokens) + price.answer_cost(tokens, output_tokens))
