"""What an import did besides conversations, in sentences for the terminal and the window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import tr_plural

COUNTS: Final = (
    *("unread", "texts", "folders", "documents", "notes", "notes_over", "left_out_count"),
)
"""The numbers of a report besides those of conversations; `unread_in` and `left_out` are names."""


def more_sentences(report: Mapping[str, Any]) -> list[str]:
    """Return the sentences on a report with COUNTS and `left_out`; what is 0 has none."""
    names = joined(report["left_out"])
    sentences = {
        "unread": lambda count: tr_plural(
            "Nothing could be read in {count} message: {names}.",
            "Nothing could be read in {count} messages: {names}.",
            count,
            names=joined(report["unread_in"]),
        ),
        "texts": lambda count: tr_plural(
            "{count} document is a text beside its conversation.",
            "{count} documents are texts beside their conversations.",
            count,
        ),
        "folders": lambda count: tr_plural(
            "{count} project was added.", "{count} projects were added.", count
        ),
        "documents": lambda count: tr_plural(
            "{count} file was added to the projects.",
            "{count} files were added to the projects.",
            count,
        ),
        "notes": lambda count: tr_plural(
            "{count} note from memories was added. It isn’t sent until you check it under "
            "Remembered in the settings.",
            "{count} notes from memories were added. They aren’t sent until you check them under "
            "Remembered in the settings.",
            count,
        ),
        "notes_over": lambda count: tr_plural(
            "{count} note was left out because the list is full.",
            "{count} notes were left out because the list is full.",
            count,
        ),
        "left_out_count": lambda count: tr_plural(
            "{count} file of the archive was left out: {names}.",
            "{count} files of the archive were left out: {names}.",
            count,
            names=names,
        ),
    }
    return [sentences[name](report[name]) for name in COUNTS if report[name]]
