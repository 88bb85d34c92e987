"""The shape and the quality of the images that a provider's tool makes, and their prices.

Source: OpenAI's SDK for Python, August 2026 (the tool `image_generation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from desktop_app.i18n.translation import N_

IMAGE_TOOL: Final = "image_generation"
SIZES: Final = {"square": "1024x1024", "wide": "1536x1024", "high": "1024x1536"}
"""The width and height in pixels of each shape."""
REQUESTED_IMAGE: Final = "image_generation requested"
"""The name under which the prices for a request have that of an image as it was requested."""
AUTO: Final = "auto"
QUALITIES: Final = ("low", "medium", "high", AUTO)
SHAPE_NAMES: Final = {"square": N_("Square"), "wide": N_("Landscape"), "high": N_("Portrait")}
QUALITY_NAMES: Final = {
    "low": N_("Low quality"),
    "medium": N_("Medium quality"),
    "high": N_("High quality"),
    AUTO: N_("Automatic quality"),
}
"""The names of the shapes and qualities for users, marked for translation."""
USUAL_SHAPE: Final = "square"
USUAL_QUALITY: Final = "medium"
_PREVIEWS: Final = 2
"""Partial images before the image, which cost extra. At low quality the image comes too soon."""
_SHAPES: Final = {size: shape for shape, size in SIZES.items()}


def preview_count(quality: str | None) -> int:
    """Return the number of partial images to request."""
    return 0 if quality == "low" else _PREVIEWS


def request_fields(shape: str | None, quality: str | None, *, streams: bool) -> dict[str, Any]:
    """Return the tool's fields for an image; None is the usual shape or quality."""
    quality = quality or USUAL_QUALITY
    fields: dict[str, Any] = {"quality": quality, "size": SIZES[shape or USUAL_SHAPE]}
    previews = preview_count(quality)
    return fields | ({"partial_images": previews} if streams and previews else {})


def image_price(
    prices: Mapping[str, Decimal], shape: str | None, quality: str | None
) -> Decimal | None:
    """Return the price of an image with its previews in US dollars; None if it is unknown.

    For the quality that the provider chooses, it is the highest price.

    Args:
        prices: of hosted tools: the usual image has the tool's name, others add quality and shape.
    """
    shape, quality = shape or USUAL_SHAPE, quality or USUAL_QUALITY
    if quality == AUTO:
        known = [image_price(prices, shape, each) for each in QUALITIES if each != AUTO]
        return None if None in known else max(filter(None, known), default=None)
    is_usual = (shape, quality) == (USUAL_SHAPE, USUAL_QUALITY)
    name = IMAGE_TOOL if is_usual else f"{IMAGE_TOOL} {quality} {shape}"
    price = prices.get(name)
    if price is None:
        return None
    return price + preview_count(quality) * prices.get(f"{IMAGE_TOOL} preview", Decimal(0))


def shape_of(size: str) -> str:
    """Return the shape of an image of this size; "" for a size that the program never requests."""
    return _SHAPES.get(size, "")
