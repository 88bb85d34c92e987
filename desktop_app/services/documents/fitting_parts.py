"""Splits texts into parts that fit a model's window, as that model counts tokens.

The document worker splits by the count of OpenAI's tokenizer. If the server counts tokens, it also
counts every part before the part is sent; otherwise parts are smaller, and a part that the server
refuses is split again (`ChunkedReader.split`).
"""

from __future__ import annotations

from math import ceil
from typing import Final, Protocol

from desktop_app.domain.documents.extracted_document import TextChunk
from desktop_app.domain.models.token_counts import GUESSED_SHARE
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.spending.cost_estimate import Estimator

MIN_PART_TOKENS: Final = 300
_MAX_CUTS: Final = 3
# A part that was too large is split into parts that should fill this share of the limit.
_TARGET_SHARE: Final = 0.95
# The end of a part moves back to one of these borders, strongest first.
_BORDERS: Final = ("\n\n", "\n", ". ", "。", " ")
# It moves by at most this share of a part, an arbitrary number.
_MAX_MOVED_SHARE: Final = 0.3


class Splitter(Protocol):
    """Splitter of long texts."""

    async def chunks(self, text: str, tokens: int) -> list[TextChunk]:
        """Return chunks of at most `tokens` OpenAI tokens. Raises UserFacingError."""


async def fitting_parts(
    text: str, max_tokens: int, resolved: ResolvedChoice, splitter: Splitter, estimator: Estimator
) -> list[TextChunk]:
    """Return consecutive parts of `text` of at most `max_tokens` tokens each, as far as known.

    A part may be larger if counts are estimates, if it cannot be split, or if it is still too large
    after _MAX_CUTS splits.

    Raises:
        UserFacingError: the text could not be counted or split.
    """
    rate = estimator.tokenizer_rate(resolved)
    if rate is None:
        return await splitter.chunks(text, max_tokens)
    limit = max(MIN_PART_TOKENS, int(max_tokens * GUESSED_SHARE))

    async def count_and_split(part: TextChunk, cuts_left: int) -> list[TextChunk]:
        """Return the part as the server counts it, split again if it is too large."""
        part_text = text[part.start : part.end]
        tokens, is_exact = await estimator.count(part_text, resolved)
        if not is_exact or tokens <= max_tokens or not cuts_left:
            return [TextChunk(part.start, part.end, tokens)]
        part_limit = max(1, int(part.tokens * max_tokens / tokens * _TARGET_SHARE))
        counted_parts = []
        # The offsets of the chunks count from the part's beginning.
        for chunk in await splitter.chunks(part_text, part_limit):
            smaller = TextChunk(part.start + chunk.start, part.start + chunk.end, chunk.tokens)
            if smaller == part:  # it cannot be split
                return [TextChunk(part.start, part.end, tokens)]
            counted_parts += await count_and_split(smaller, cuts_left - 1)
        return counted_parts

    parts = await splitter.chunks(text, ceil(limit / rate))
    return [counted for part in parts for counted in await count_and_split(part, _MAX_CUTS)]


def even_parts(text: str, size: int) -> list[tuple[int, int]]:
    """Return the ranges of parts of at most `size` characters, ending at borders if possible."""
    parts = []
    start = 0
    while len(text) - start > size:
        end = start + size
        earliest = end - int(size * _MAX_MOVED_SHARE)
        for border in _BORDERS:
            border_start = text.rfind(border, earliest, end)
            if border_start > start:
                end = border_start + len(border)
                break
        parts.append((start, end))
        start = end
    if start < len(text):
        parts.append((start, len(text)))
    return parts
