"""Saves a text to a file that the user chose."""

from __future__ import annotations

from pathlib import Path

from desktop_app.domain.system_error import system_words
from desktop_app.i18n.translation import tr


def save_text(path: Path, text: str) -> str:
    """Write a file. Return why that failed; "" if it succeeded."""
    from desktop_app.cli.output_file import partial_file

    try:
        with partial_file(path) as file:
            file.write_text(text, "utf-8")
    except OSError as exc:
        return tr(
            "Couldn’t save {name}: {reason}. Choose another place.",
            name=path.name,
            reason=tr(system_words(exc)),
        )
    return ""
