"""A pseudo-language, which reveals untranslated text and widgets that are too narrow.

It adds accents to letters, and makes texts a third longer, in ⟦ ⟧.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from pathlib import Path
from typing import Final
from unittest.mock import patch

from desktop_app.i18n import formatting, translation

CODE: Final = "pseudo"
_ACCENTS: Final = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž",
)
# Placeholders (some begin with %), Markdown link targets and HTML tags are left unchanged.
_MARKUP_OR_PLACEHOLDER: Final = re.compile(r"(\{\w*\}|%(?:\(\w+\))?[rs]|\]\([^)]*\)|</?\w[^>]*>)")


def pseudo_text(message: str) -> str:
    """Return a message as the pseudo-language shows it.

    >>> pseudo_text("Rename {name}")
    '⟦Ŕéñåɱé {name}~~~~⟧'
    """
    if not message:
        return message
    parts = _MARKUP_OR_PLACEHOLDER.split(message)
    parts[::2] = [part.translate(_ACCENTS) for part in parts[::2]]
    longer = len(message) // 3
    filler = ("~~~~ " * longer)[:longer]  # with spaces, so that it can be wrapped
    return f"⟦{''.join(parts)}{filler.rstrip()}{'~' * filler.endswith(' ')}⟧"


class PseudoTranslations(NullTranslations):
    """A catalog that translates everything into pseudo-text."""

    def gettext(self, message: str) -> str:
        return pseudo_text(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo_text(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return pseudo_text(message)


@contextmanager
def pseudo_offered() -> Iterator[None]:
    """Let the program have the pseudo-language within the block."""
    catalog_of = translation._catalog

    def catalog(code: str, folder: Path) -> NullTranslations | None:
        return PseudoTranslations() if code == CODE else catalog_of(code, folder)

    with (
        patch.dict(translation.LANGUAGES, {CODE: "Pseudo"}),
        patch.dict(formatting._USUAL_LOCALES, {CODE: "en-US"}),
        patch.object(translation, "_catalog", catalog),
    ):
        yield
        translation.use_language("en", Path())
