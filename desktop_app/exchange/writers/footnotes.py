"""Makes footnote names unique when several texts share one Markdown file."""

from __future__ import annotations

import re
from typing import Final

from desktop_app.markdown.parsing.parser import parser

_CODE_TOKENS: Final = ("fence", "code_block")
# Also matches escapes and code spans. Names have a limit because the search for the ends of 8,000
# unclosed names took 1.6 s.
_NAME_OR_CODE: Final = re.compile(r"\\.|(`+)(?!`).*?(?<!`)\1(?!`)|\[\^[^\]\s]{1,200}\]")


def unique_footnotes(text: str, used_names: set[str]) -> str:
    """Rename footnotes whose names are taken, and add the text's footnotes to `used_names`."""
    if "]:" not in text or "[^" not in text:
        return text
    tokens = parser().parse(text, {})
    labels = [t.meta["label"] for t in tokens if t.type == "footnote_reference_open"]
    names = {label: _free_name(label, used_names) for label in dict.fromkeys(labels)}
    if all(label == name for label, name in names.items()):
        return text
    code = [t.map for t in tokens if t.type in _CODE_TOKENS and t.map is not None]
    code_lines = {number for begin, end in code for number in range(begin, end)}
    names_by_mark = {f"[^{label}]": f"[^{name}]" for label, name in names.items()}
    lines = text.split("\n")
    for number in set(range(len(lines))) - code_lines:
        lines[number] = _NAME_OR_CODE.sub(
            lambda match: names_by_mark.get(match[0], match[0]), lines[number]
        )
    return "\n".join(lines)


def _free_name(label: str, used_names: set[str]) -> str:
    """Return the label, or a similar name if it is taken; add the result to `used_names`."""
    name = label
    number = 1
    while name.casefold() in used_names:
        number += 1
        name = f"{label}_{number}"
    used_names.add(name.casefold())
    return name
