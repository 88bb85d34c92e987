"""Types of arguments on the command line, whose errors state the accepted values."""

from __future__ import annotations

import argparse
from math import isfinite
from typing import TYPE_CHECKING, Final

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EFFORTS: Final = tuple(effort.value for effort in Effort)
VARIANTS: Final = tuple(variant.value for variant in Variant)


def number_between(least: float, most: float) -> Callable[[str], float]:
    """Return the parser of a number in a range."""

    def parse(text: str) -> float:
        value: float | None
        try:
            value = float(text)
        except ValueError:
            value = None
        if value is None or not isfinite(value) or not least <= value <= most:
            message = tr(
                "“{text}” isn’t a number from {least} to {most}",
                text=text,
                least=f"{least:g}",
                most=f"{most:g}",
            )
            raise argparse.ArgumentTypeError(message)
        return value

    return parse


def whole_number_between(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the parser of a whole number of at least `least`, and at most `most` if given."""

    def parse(text: str) -> int:
        value: int | None
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(_refusal(text, least, most))
        return value

    return parse


def _refusal(text: str, least: int, most: int | None) -> str:
    if most is None:
        return tr("“{text}” isn’t a whole number from {least} up", text=text, least=str(least))
    return tr(
        "“{text}” isn’t a whole number from {least} to {most}",
        text=text,
        least=str(least),
        most=formatting.number(most),
    )


def required_text(text: str) -> str:
    """Return the text unchanged. Raises ArgumentTypeError if it is empty."""
    if not text:
        raise argparse.ArgumentTypeError(tr("expected one argument"))
    return text


def variant_argument(text: str) -> str:
    """Check VARIANT[/EFFORT] and return it unchanged. Raises ArgumentTypeError."""
    _require_one_of(VARIANTS, text.partition("/")[0])
    return variant_or_model_argument(text)


def variant_or_model_argument(text: str) -> str:
    """Check VARIANT, VARIANT/EFFORT or the name of a model, and return it unchanged.

    Raises:
        argparse.ArgumentTypeError: the text after a variant's slash is not an effort.
    """
    name, slash, effort = text.partition("/")
    if slash and name in VARIANTS:
        _require_one_of(EFFORTS, effort)
    return text


def _require_one_of(names: Sequence[str], text: str) -> None:
    if text not in names:
        message = tr("“{text}” isn’t one of {names}", text=text, names=formatting.joined(names))
        raise argparse.ArgumentTypeError(message)
