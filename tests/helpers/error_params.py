"""Values for every placeholder in the sentences of errors."""

from __future__ import annotations

from string import Formatter

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.remedy import Remedy


def error_params(text: str = "a word") -> dict[str, str | int]:
    """Return a text for each placeholder."""
    errors = (text for reason in Reason for text in (reason.happened, reason.detailed))
    remedies = (remedy.sentence for remedy in Remedy)
    parsed = (Formatter().parse(sentence) for sentence in (*errors, *remedies))
    return {name: text for pieces in parsed for _, name, _, _ in pieces if name}
