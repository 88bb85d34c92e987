"""The passages that go in with a question: how many, how they stand in the prompt, what the model is
told of them.

They are material: what stands in a document is nobody's instruction. They stand before the words of
the question that they were found for, in the same form on every turn, so that the provider's cache
can serve them. What stands in the conversation already is not sent again: a later question names its
numbers, which never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from desktop_app.domain.conversations.conversation import Draft, Message, next_number
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.errors import DocumentError, Kept
from desktop_app.services.chat.model_choice import ResolvedChoice
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.fence import Fence, attribute

# Some ten passages: an answer stands in the first few, as `python -m tests.benchmarks retrieval`
# shows, and more of them distract a model and cost on every turn.
MOST_TOKENS: Final = 4_000
# Of a small window they may take so much.
SHARE: Final = 1 / 4
# A question of fewer words, as the index counts them, goes on from the one before: two usual words.
FEW_WORDS: Final = 8

HOW_TO_ANSWER: Final = (
    "The passages above were found in the person's documents for the question below. Answer it from "
    "them alone, and from passages that came with earlier questions. After each statement cite the "
    "passages that support it by their numbers in square brackets, such as [3] or [3][5]. Where they "
    "do not support an answer, say plainly that the documents do not say it, and do not guess."
)
KNOWN: Final = "Of the passages that came with earlier questions these were found for the question below, too: {}."
NOTHING_FOUND: Final = (
    "Nothing in these documents was found for the question below. Unless other passages support an "
    "answer, say plainly that the documents do not say it, and do not guess."
)


class PassageSource(Protocol):
    """Where passages are found: see collections.py."""

    async def retrieve(
        self,
        collection_ids: Sequence[str],
        question: str,
        budget_tokens: int,
        *,
        is_estimate: bool = False,
    ) -> tuple[PassagesPart, ...]:
        """The best passages of each collection that there is, numbered from 1, at most so many
        tokens in all. For an estimate nothing leaves this computer. Raises UserFacingError."""


class NoCollections:
    """A place without any."""

    async def retrieve(
        self,
        _collection_ids: Sequence[str],
        _question: str,
        _budget_tokens: int,
        *,
        is_estimate: bool = False,
    ) -> tuple[PassagesPart, ...]:
        """Nothing."""
        return ()


async def found_for(
    source: PassageSource,
    context: SendContext,
    draft: Draft,
    *,
    is_estimate: bool = False,
) -> tuple[PassagesPart, ...]:
    """Return the passages of the draft's collections, numbered on from those of the path.

    Passages that are sent with the path are left out.

    Raises:
        DocumentError: a collection is gone.
        UserFacingError: it could not be looked for.
    """
    if not draft.collections:
        return ()
    found = await source.retrieve(
        [part.collection_id for part in draft.collections],
        looked_for(context.path, draft.text),
        budget(context.resolved),
        is_estimate=is_estimate,
    )
    known = {part.collection_id for part in found}
    for part in draft.collections:
        if part.collection_id not in known:
            raise DocumentError(
                f"The collection “{part.name}” is no longer there.",
                what_was_kept=Kept.PROMPT,
                what_to_do="Remove it from the prompt, or choose another.",
            )
    return _less_known(found, context.path, context.sent.messages)


def _less_known(
    found: Sequence[PassagesPart], path: Sequence[Message], sent: Sequence[Message]
) -> tuple[PassagesPart, ...]:
    """What was found, without what `sent` holds; a passage keeps the number that it has in `path`."""
    numbers, there = _numbers(path), _numbers(sent)
    number = next_number(path)
    parts = []
    for part in found:
        new: list[Passage] = []
        known: list[int] = []
        for passage in part.passages:
            if passage.text_key in there:
                known.append(there[passage.text_key])
                continue
            if passage.text_key not in numbers:
                numbers[passage.text_key] = number
                number += 1
            new.append(replace(passage, number=numbers[passage.text_key]))
        parts.append(replace(part, passages=tuple(new), known=tuple(sorted(known))))
    return tuple(parts)


def _numbers(messages: Iterable[Message]) -> dict[tuple[str, int, int], int]:
    return {
        p.text_key: p.number for m in messages for part in m.passage_parts for p in part.passages
    }


def looked_for(path: Sequence[Message], question: str) -> str:
    """What passages are looked for: the question; behind one that says little by itself ("And in
    winter?") the one that it goes on from."""
    from desktop_app.domain.documents.passage_words import question_words  # not a part of the start

    before = next((m.text for m in reversed(path) if m.passage_parts), "")
    says_little = 0 < len(question_words(question)) < FEW_WORDS
    return f"{question}\n{before}" if says_little and before else question


def budget(resolved: ResolvedChoice) -> int:
    """Tokens that passages may take."""
    limit = resolved.model.input_limit
    return MOST_TOKENS if limit is None else min(MOST_TOKENS, int(limit * SHARE))


def passages_block(part: PassagesPart, fence: Fence) -> str:
    """What was found in a collection, as it stands in a prompt."""
    blocks = [_block(passage, fence) for passage in part.passages]
    found = fence.around_fenced("passages", blocks, attribute("collection", part.name))
    if not part.passages and not part.known:
        return f"{found}\n\n{NOTHING_FOUND}"
    known = " ".join(f"[{number}]" for number in part.known)
    told = [found, KNOWN.format(known), HOW_TO_ANSWER] if known else [found, HOW_TO_ANSWER]
    return "\n\n".join(told)


def _block(passage: Passage, fence: Fence) -> str:
    attributes = attribute("number", str(passage.number)) + attribute("document", passage.name)
    if passage.place:
        attributes += attribute("place", passage.place)
    return fence.around("passage", passage.text, attributes)
