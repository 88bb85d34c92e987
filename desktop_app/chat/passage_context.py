"""The passages sent with a question: their number, form and instructions.

Passages are material; their text is never an instruction. They stand before the words of their
question, in the same form on every turn, so that the provider's cache can serve them. A passage
that is already in the conversation is not sent again: a later question refers to its number, which
never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from desktop_app.chat.send_context import SendContext
from desktop_app.domain.conversations.conversation import Draft, Message, next_passage_number
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.errors import DocumentError
from desktop_app.domain.prompt_delimiter import PromptDelimiter, attribute
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice

# About ten passages. The first few contain the answer (`python -m tests.benchmarks retrieval`);
# more passages distract a model and cost on every turn.
MAX_TOKENS: Final = 4_000
# The largest share of a small window that passages may take.
MAX_WINDOW_SHARE: Final = 1 / 4
# A question with fewer search terms (see passage_words.py) continues the previous question.
MIN_SEARCH_TERMS: Final = 8

HOW_TO_ANSWER: Final = (
    "The passages above were found in the person's documents for the question below. Answer it "
    "from them alone, and from passages that came with earlier questions. After each statement "
    "cite the passages that support it by their numbers in square brackets, such as [3] or "
    "[3][5]. Where they do not support an answer, say plainly that the documents do not say it, "
    "and do not guess."
)
HOW_TO_USE: Final = (
    "The passages above were found in the files of the person's project for the question below. "
    "Use what helps, and cite it by the numbers of the passages in square brackets, such as [3] or "
    "[3][5]. The question may be about something else."
)
KNOWN_PASSAGES: Final = (
    "These passages, which came with earlier questions, were also found for the question below: {}."
)
NOTHING_FOUND: Final = (
    "Nothing in these documents was found for the question below. Unless other passages support an "
    "answer, say plainly that the documents do not say it, and do not guess."
)


class PassageSource(Protocol):
    """Source of passages: see collection_service.py."""

    async def retrieve(
        self,
        collection_ids: Sequence[str],
        question: str,
        budget_tokens: int,
        *,
        is_estimate: bool = False,
    ) -> tuple[PassagesPart, ...]:
        """Return the best passages of each existing collection, numbered from 1.

        They have at most `budget_tokens` tokens together. For an estimate, nothing leaves this
        computer. Raises UserFacingError.
        """


async def find_passages(
    source: Callable[[], PassageSource | None] | None,
    context: SendContext,
    draft: Draft,
    *,
    is_estimate: bool = False,
) -> tuple[PassagesPart, ...]:
    """Return the passages of the draft's and the folder's collections, numbered after the path's.

    Passages that are sent with the path are left out; each part's `known` has their numbers.
    Others in the path keep their numbers. Return () if there is no collection.

    Raises:
        DocumentError: a collection no longer exists.
        UserFacingError: the search failed.
    """
    attached = [part.collection_id for part in draft.collections]
    of_folder = {
        part.collection_id: part.name
        for part in context.settings.collections
        if part.collection_id not in attached
    }
    if not attached and not of_folder:
        return ()
    found_parts: tuple[PassagesPart, ...] = ()
    finder = None if source is None else source()
    if finder is not None:
        found_parts = await finder.retrieve(
            [*attached, *of_folder],
            retrieval_text(context.path, draft.text),
            passage_budget(context.resolved),
            is_estimate=is_estimate,
        )
    found_ids = {part.collection_id for part in found_parts}
    for part in draft.collections:
        if part.collection_id not in found_ids:
            raise DocumentError(
                N_("The files of “{name}” aren’t on this computer."),
                hint=N_("Remove it from the prompt, or choose another."),
                name=part.name,
            )
    numbers = _numbers_by_key(context.path)
    sent_numbers = _numbers_by_key(context.sent.messages)
    number = next_passage_number(context.path)
    parts = []
    for found in found_parts:
        new_passages: list[Passage] = []
        known_numbers: list[int] = []
        for passage in found.passages:
            if passage.text_key in sent_numbers:
                known_numbers.append(sent_numbers[passage.text_key])
                continue
            if passage.text_key not in numbers:
                numbers[passage.text_key] = number
                number += 1
            new_passages.append(replace(passage, number=numbers[passage.text_key]))
        known = tuple(sorted(known_numbers))
        found = replace(found, passages=tuple(new_passages), known=known)
        if (name := of_folder.get(found.collection_id)) is None:
            parts.append(found)
        elif found.passages or known:
            parts.append(replace(found, name=name, is_of_folder=True))
    return tuple(parts)


def _numbers_by_key(messages: Iterable[Message]) -> dict[tuple[str, int, int], int]:
    return {
        p.text_key: p.number for m in messages for part in m.passage_parts for p in part.passages
    }


def retrieval_text(path: Sequence[Message], question: str) -> str:
    """Return the search text: a question; if short, also the last question with passages.

    "And in winter?", for example, says little alone.
    """
    from desktop_app.domain.documents.passage_words import question_terms

    last_question = next((m.text for m in reversed(path) if m.passage_parts), "")
    says_little = 0 < len(question_terms(question)) < MIN_SEARCH_TERMS
    return f"{question}\n{last_question}" if says_little and last_question else question


def passage_budget(resolved: ResolvedChoice) -> int:
    """Return the number of tokens that passages may have in total."""
    limit = resolved.model.input_limit
    return MAX_TOKENS if limit is None else min(MAX_TOKENS, int(limit * MAX_WINDOW_SHARE))


def passages_block(part: PassagesPart, delimiter: PromptDelimiter) -> str:
    """Return the passages of a collection as the prompt contains them, with instructions."""
    blocks = []
    for passage in part.passages:
        attributes = attribute("number", str(passage.number)) + attribute("document", passage.name)
        if passage.place:
            attributes += attribute("place", passage.place)
        blocks.append(delimiter.wrap("passage", passage.text, attributes))
    block = delimiter.wrap_blocks("passages", blocks, attribute("project", part.name))
    if not part.passages and not part.known:
        return f"{block}\n\n{NOTHING_FOUND}"
    known_numbers = " ".join(f"[{number}]" for number in part.known)
    known = KNOWN_PASSAGES.format(known_numbers) if known_numbers else ""
    how_to = HOW_TO_USE if part.is_of_folder else HOW_TO_ANSWER
    return "\n\n".join(filter(None, (block, known, how_to)))
