"""Converts Rich Text (.rtf) to Markdown, with striprtf."""

from __future__ import annotations

import re
from typing import Final

from striprtf.striprtf import rtf_to_text

from desktop_app.documents.office import markdown_text as md

# striprtf drops these parts and the soft hyphens.
_SHOWN_PARTS: Final = re.compile(
    r"(?:\\\*)?\\(?:footnote|(?:header|footer)[lrf]?|dptxbxtext|atnauthor)\b ?"
)
_SYMBOL_BULLET: Final = re.compile("^[ \t]*[\uf000-\uf0ff][ \t]*", re.M)
_SOFT_HYPHEN: Final = re.compile(r"(?<!\\)\\-")


# Mark the end of each cell and row, and the start of each row, in the text that striprtf returns.
_MARKS: Final = {
    r"(?:\\\*)?\\annotation\b ?": r"\\par Comment: ",
    r"\\cell\b ?": r"\\u-8192?",
    r"\\row\b ?": r"\\u-8191?",
    r"\\trowd\b ?": r"\\u-8190?",
}
_ROW: Final = re.compile("\ue002([^\ue001]*)\ue001\\s*")
_TABLE: Final = re.compile(f"(?:{_ROW.pattern})+")


def read(data: bytes) -> str:
    """Return the text of Rich Text, with tables in Markdown."""
    source = _SHOWN_PARTS.sub(r"\\par ", _SOFT_HYPHEN.sub("", data.decode("latin-1")))
    for pattern, mark in _MARKS.items():
        source = re.sub(pattern, mark, source)
    text = str(rtf_to_text(source, errors="replace")).replace("\xad", "")  # type: ignore[no-untyped-call]
    # Characters beyond the basic plane come as two halves.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = re.sub("[\ue000-\ue002]", "", _TABLE.sub(_table, text))
    text = _SYMBOL_BULLET.sub("- ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _table(rows: re.Match[str]) -> str:
    texts = [row.replace("\ue002", "").split("\ue000") for row in _ROW.findall(rows[0])]
    return f"\n\n{md.table(texts)}\n\n"
