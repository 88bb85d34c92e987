"""Packs texts into parts of a limited number of tokens."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.spending.cost_estimate import Estimator


class TextPacker:
    """Packer of texts.

    Args:
        reader: the model whose tokens are counted.
        max_tokens: of a part.
    """

    def __init__(self, estimator: Estimator, reader: ResolvedChoice, max_tokens: int) -> None:
        self._estimator = estimator
        self._reader = reader
        self._max_tokens = max_tokens

    async def pack(self, pieces: Sequence[str]) -> list[str]:
        """Pack the pieces, in order, into as few texts as possible."""
        packed: list[str] = []
        free_tokens = 0
        for piece in pieces:
            for text, tokens in await self._halve(piece):
                if not packed or tokens > free_tokens:
                    packed.append(text)
                    free_tokens = self._max_tokens - tokens
                else:
                    packed[-1] += f"\n\n{text}"
                    free_tokens -= tokens + 2  # and the blank line
        return packed

    async def _halve(self, text: str) -> list[tuple[str, int]]:
        """Halve a text until each part fits. Return the parts and their tokens."""
        tokens = await self._estimator.text_tokens(text, self._reader)
        if tokens <= self._max_tokens or len(text) < 2:
            return [(text, tokens)]
        middle = len(text) // 2
        line = text.rfind("\n", middle // 2, middle)
        cut = line if line > 0 else middle
        halves = (text[:cut], text[cut:])
        return [part for half in halves for part in await self._halve(half)]
