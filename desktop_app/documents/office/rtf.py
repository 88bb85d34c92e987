"""Converts Rich Text (.rtf) to Markdown, with striprtf."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from striprtf.striprtf import rtf_to_text

from desktop_app.documents.office import markdown_text as md

# striprtf drops these parts and the soft hyphens.
_SHOWN_PARTS: Final = re.compile(
    r"(?:\\\*)?\\(?:annotation|footnote|(?:header|footer)[lrf]?|dptxbxtext|atnauthor)\b ?"
)
_SOFT_HYPHEN: Final = re.compile(r"(?<!\\)\\-")


def read(data: bytes) -> str:
    """Return the text; rows of tables, which striprtf ends with a bar, become tables."""
    source = _SHOWN_PARTS.sub(r"\\par ", _SOFT_HYPHEN.sub("", data.decode("latin-1")))
    text = rtf_to_text(source, errors="replace").replace("\xad", "")
    # Characters beyond the basic plane come as two halves.
    lines = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").split("\n")
    blocks = []
    for is_row, group in groupby(lines, key=lambda line: line.rstrip().endswith("|")):
        if is_row:
            rows = [line.rstrip().removesuffix("|").split("|") for line in group]
            blocks.append(f"\n{md.table(rows).text}\n")
        else:
            blocks.append("\n".join(group))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(blocks)).strip()
