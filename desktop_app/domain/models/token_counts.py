"""Counts of tokens and how exact they are, and the tokens that images cost.

OpenAI's guide "Images and vision", section "Calculating costs", has two rules. Tiles: the image is
scaled down to 2048 × 2048 pixels, then until its shorter side has 768, and each tile of 512 × 512
has a price. Patches: it is scaled down to a maximum number of patches of 32 × 32, and each has a
price. More pixels would be sent for nothing, so images are scaled down by the same rule before
sending. resources/models.toml has the rule of each model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from enum import IntEnum
from math import ceil, floor, sqrt
from typing import Any, Final, NamedTuple

from desktop_app.i18n.translation import N_


class TokenCount(NamedTuple):
    """The tokens of a text, an image or a request; `is_exact` is False if they are estimated."""

    tokens: int
    is_exact: bool


class CountMethod(IntEnum):
    """The methods of counting tokens, the most exact first."""

    TOKENIZER = 0
    SERVER = 1
    GUESSED = 2


COUNT_DESCRIPTIONS: Final[Mapping[CountMethod, str]] = {
    CountMethod.TOKENIZER: N_("Counted with the model’s tokenizer."),
    CountMethod.SERVER: N_("Counted by the server."),
    CountMethod.GUESSED: N_("Estimated."),
}
"""The description of each method for users."""

OTHER_MODELS_RATE: Final = 1.2
"""Tokens of other models for a token of OpenAI's tokenizer: 1.1 in prose, 1.3 in code."""
MAX_GUESSED_CHARACTERS: Final = 2_000
"""The longest text whose tokens are guessed while it is typed: a third of them costs no cent."""
_LIKELY_TOKEN: Final = r"[A-Za-z]{1,7}|[\u2e80-\uffff]{1,2}|[^\W\d_]{1,4}|\d{1,3}|[^\w\s]{1,3}|_"
GUESSED_SHARE: Final = 0.7
"""The share of its limit that a text of estimated length may fill: figures have more tokens."""


def guessed_tokens(text: str) -> int:
    """Return the likely tokens of a text, without a tokenizer.

    It was off by a third at most of prose in the program's languages and in Chinese, Japanese,
    Korean and Russian, of code, JSON and numbers.
    """
    return len(re.findall(_LIKELY_TOKEN, text))


DETAILS: Final = ("auto", "low", "high")
"""The values of `detail`; "auto" is the model's choice, and may cost as much as "high"."""

LARGEST_SIDE: Final = 2048
SHORTER_SIDE: Final = 768
LOW_SIDE: Final = 512
TILE: Final = 512
PATCH: Final = 32
USUAL_PATCHES: Final = 1536
"""The maximum number of patches, unless the catalog has another for the model."""
# For unknown models: the figures of the oldest models with the tile rule.
GUESSED_TILE_TOKENS: Final = (85, 170)

Size = tuple[int, int]
"""Width and height in pixels."""


class TileTokens(NamedTuple):
    """The tile rule.

    Attributes:
        base: the tokens of an image at low detail.
        tile: the tokens that each tile adds at other details.
        is_exact: False if the result is an estimate.
    """

    base: int
    tile: int
    is_exact: bool = True

    def size(self, size: Size, detail: str) -> Size:
        """Return the size that an image is scaled to."""
        if detail == "low":
            return _fit_into(size, LOW_SIDE)
        width, height = _fit_into(size, LARGEST_SIDE)
        return _scale_down((width, height), SHORTER_SIDE / min(width, height))

    def tokens(self, size: Size, detail: str) -> int:
        """Return the tokens of an image that has `size` before scaling."""
        if detail == "low":
            return self.base
        width, height = self.size(size, detail)
        return self.base + self.tile * ceil(width / TILE) * ceil(height / TILE)


class PatchTokens(NamedTuple):
    """The patch rule.

    Attributes:
        multiplier: the tokens of a patch.
        patches: the maximum number of patches of an image.
        is_exact: False if the result is an estimate.
    """

    multiplier: Decimal
    patches: int = USUAL_PATCHES
    is_exact: bool = True

    def size(self, size: Size, detail: str) -> Size:
        """Return the size that an image is scaled to."""
        width, height = _fit_into(size, LOW_SIDE if detail == "low" else LARGEST_SIDE)
        if _count_patches((width, height)) <= self.patches:
            return width, height
        ratio = sqrt(PATCH * PATCH * self.patches / (width * height))
        across = width * ratio / PATCH
        down = height * ratio / PATCH
        # By the guide's formula, one side becomes a whole number of patches.
        return _scale_down((width, height), ratio * min(floor(across) / across, floor(down) / down))

    def tokens(self, size: Size, detail: str) -> int:
        """Return the tokens of an image that has `size` before scaling."""
        count = _count_patches(self.size(size, detail)) * self.multiplier
        return int(count.to_integral_value(ROUND_CEILING))


ImageTokens = TileTokens | PatchTokens


def sent_size(size: Size, detail: str, rule: ImageTokens | None) -> Size:
    """Return the width and height in which an image is sent; it is never scaled up."""
    if rule is not None:
        return rule.size(size, detail)
    return _fit_into(size, LOW_SIDE if detail == "low" else LARGEST_SIDE)


def image_tokens(size: Size, detail: str, rule: ImageTokens | None) -> TokenCount:
    if rule is None:
        guessed_tokens = TileTokens(*GUESSED_TILE_TOKENS).tokens(size, detail)
        return TokenCount(guessed_tokens, is_exact=False)
    return TokenCount(rule.tokens(size, detail), rule.is_exact)


def image_tokens_from_row(row: Mapping[str, Any] | None) -> ImageTokens | None:
    """Parse a model's rule from the catalog's data; None if the catalog has no rule.

    Raises:
        KeyError, ValueError, ArithmeticError: `row` is neither of the two rules.
    """
    if row is None:
        return None
    is_exact = bool(row.get("exact", True))
    if "tile" in row:
        tiles = TileTokens(int(row["base"]), int(row["tile"]), is_exact)
        if min(tiles.base, tiles.tile) < 0:
            raise ValueError("base and tile of image_tokens must not be negative")
        return tiles
    rule = PatchTokens(Decimal(row["multiplier"]), int(row.get("patches", USUAL_PATCHES)), is_exact)
    if not rule.multiplier.is_finite() or rule.multiplier < 0 or rule.patches < 1:
        raise ValueError("image_tokens needs a multiplier of at least 0 and at least 1 patch")
    return rule


def _fit_into(size: Size, side: int) -> Size:
    return _scale_down(size, side / max(size))


def _scale_down(size: Size, ratio: float) -> Size:
    if ratio >= 1:
        return size
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def _count_patches(size: Size) -> int:
    return ceil(size[0] / PATCH) * ceil(size[1] / PATCH)
