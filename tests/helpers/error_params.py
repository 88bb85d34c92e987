"""Values for every placeholder in the sentences of errors."""

from __future__ import annotations

from string import Formatter

from desktop_app.domain.error_sentences import SENTENCES
from desktop_app.domain.errors import Remedy


def error_params(text: str = "a word") -> dict[str, str | int]:
    """Return a text for each placeholder."""
    rows = (part for said in SENTENCES.values() for part in said if isinstance(part, str))
    remedies = (remedy.sentence for remedy in Remedy)
    found = (Formatter().parse(sentence) for sentence in (*rows, *remedies))
    return {name: text for pieces in found for _, name, _, _ in pieces if name}
