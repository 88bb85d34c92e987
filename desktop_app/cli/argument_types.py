"""Numbers on the command line, with errors that say what is accepted."""

from __future__ import annotations

import argparse
from math import isfinite
from typing import TYPE_CHECKING

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Callable


def number_between(least: float, most: float) -> Callable[[str], float]:
    """Return the parser of a number in a range."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value) or not least <= value <= most:
            words = tr(
                "“{text}” isn’t a number from {least} to {most}",
                text=text,
                least=f"{least:g}",
                most=f"{most:g}",
            )
            raise argparse.ArgumentTypeError(words)
        return value

    return parse


def whole_number_between(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the parser of a whole number in a range; without `most`, it has no upper end."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
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
