"""How large a picture is sent, and how many tokens it is charged for.

Two rules are in use, both in OpenAI's guide "Images and vision", section "Calculating costs". Tiles:
the picture is made to fit 2048 × 2048 pixels, then its shorter side 768, and each tile of 512 × 512
costs. Patches: it is made to fit a number of patches of 32 × 32, and each costs. Sending more pixels
than the rule keeps would be slower, not better; so what is sent is scaled by the same rule first,
and never up. Which rule a model follows is data: resources/models.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from math import ceil, floor, sqrt
from typing import Any, Final

DETAILS: Final = ("auto", "low", "high")
"""The values of `detail`; "auto" is the model's choice, and may cost as much as "high"."""

LARGEST_SIDE: Final = 2048
SHORTER_SIDE: Final = 768
LOW_SIDE: Final = 512
TILE: Final = 512
PATCH: Final = 32
# For a model of which nothing is known: that of the tile rule's oldest models.
GUESS: Final = (85, 170)

Size = tuple[int, int]


@dataclass(frozen=True)
class TileTokens:
    """`base` tokens for a picture and `tile` for each of its tiles; low detail costs the base."""

    base: int
    tile: int
    exact: bool = True

    def size(self, size: Size, detail: str) -> Size:
        """What a picture of `size` is scaled to."""
        if detail == "low":
            return _fitted(size, LOW_SIDE)
        width, height = _fitted(size, LARGEST_SIDE)
        return _scaled((width, height), min(1.0, SHORTER_SIDE / min(width, height)))

    def tokens(self, size: Size, detail: str) -> int:
        """What a picture of `size`, before scaling, costs."""
        if detail == "low":
            return self.base
        width, height = self.size(size, detail)
        return self.base + self.tile * ceil(width / TILE) * ceil(height / TILE)


@dataclass(frozen=True)
class PatchTokens:
    """`multiplier` tokens for each patch, and at most `patches` of them."""

    multiplier: Decimal
    patches: int = 1536
    exact: bool = True

    def size(self, size: Size, detail: str) -> Size:
        """What a picture of `size` is scaled to."""
        width, height = _fitted(size, LOW_SIDE if detail == "low" else LARGEST_SIDE)
        if _patches((width, height)) <= self.patches:
            return width, height
        ratio = sqrt(PATCH * PATCH * self.patches / (width * height))
        across, down = width * ratio / PATCH, height * ratio / PATCH
        return _scaled((width, height), ratio * min(floor(across) / across, floor(down) / down))

    def tokens(self, size: Size, detail: str) -> int:
        """What a picture of `size`, before scaling, costs."""
        count = _patches(self.size(size, detail)) * self.multiplier
        return int(count.to_integral_value(ROUND_CEILING))


ImageTokens = TileTokens | PatchTokens


def sent_size(size: Size, detail: str, rule: ImageTokens | None) -> Size:
    """Width and height at which a picture of `size` is sent; never larger than it is."""
    if rule is not None:
        return rule.size(size, detail)
    return _fitted(size, LOW_SIDE if detail == "low" else LARGEST_SIDE)


def image_tokens(size: Size, detail: str, rule: ImageTokens | None) -> tuple[int, bool]:
    """Tokens of a picture of `size`, and whether that is known: a guess where no rule is."""
    if rule is None:
        return TileTokens(*GUESS).tokens(size, detail), False
    return rule.tokens(size, detail), rule.exact


def image_tokens_from_row(row: Mapping[str, Any] | None) -> ImageTokens | None:
    """A model's rule out of the catalogue's data.

    Raises:
        KeyError, ValueError, ArithmeticError: it is neither of the two.
    """
    if row is None:
        return None
    exact = bool(row.get("exact", True))
    if "tile" in row:
        return TileTokens(int(row["base"]), int(row["tile"]), exact)
    return PatchTokens(Decimal(row["multiplier"]), int(row.get("patches", 1536)), exact)


def _fitted(size: Size, side: int) -> Size:
    return _scaled(size, min(1.0, side / max(size)))


def _scaled(size: Size, ratio: float) -> Size:
    if ratio >= 1:
        return size
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def _patches(size: Size) -> int:
    return ceil(size[0] / PATCH) * ceil(size[1] / PATCH)
