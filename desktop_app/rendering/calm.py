"""Half-written Markdown, shown as what it is about to become.

While an answer arrives, its last line is cut anywhere: between the two stars of `**`, in the
middle of an address, before the row of dashes that makes a table. Shown literally, every such
construct would flash up as punctuation first. What is hidden or completed here concerns the
display of the open end alone; once the source is whole, nothing of it remains.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.rendering.parser import is_too_dense

# A last line that may still become a heading, a rule, a list item, a quote, a fence.
_UNDECIDED: Final = re.compile(
    r"[ \t]*(?:\d{1,9}[.)]?|[-+*_=#>|:$ \t]+|[-+*][ \t]+\[[ xX]?\]?|(?:[-+*>]|\d{1,9}[.)])[ \t]*"
    r"[`~]{1,2}|`{1,2}|~{1,2}|(?:(?:[-+*>]|\d{1,9}[.)])[ \t]+)*(?:`{3,}[^`]*|~{3,}.*)"
    r"|\\|\\\[.*|\[\^?[^\]]*\]:.*)"
)
_ROW: Final = re.compile(r"[ \t]*\|")
_DELIMITER_ROW: Final = re.compile(r"[ \t]*\|?[ \t]*:?-[-:| \t]*")
_FENCE_END: Final = re.compile(r"[ \t>]*(`+|~+)[ \t]*")

_LONGEST_WORDS: Final = 200
_LONGEST_FORMULA: Final = 2_000
_CLOSERS: Final = {"$$": "$$", "\\[": "\\]"}
_DISPLAY: Final = re.compile(
    r"^(?P<line>[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*(?:(?P<opens>\$\$|\\\[)(?P<rest>.*)|.*))$",
    re.MULTILINE,
)
_HALF_INLINE: Final = re.compile(
    r"(?<!\\)(?:\\\((?:(?!\\\)).){0,400}|(?<![\w$\\])\$(?=[A-Za-z\\({|])[^$\n]{0,80}|(?<![\w$\\])\$|\\)\Z",
    re.DOTALL,
)

# What the scanner of inline text stops at.
_MARKS: Final = re.compile(r"\\.|`+|\*+|_+|~~|~\Z|!?\[|\]\(|\]|\$", re.DOTALL)


def without_undecided_end(source: str) -> str:
    """The open source less the lines at its end that cannot be told yet."""
    start = source.rfind("\n") + 1
    last = source[start:]
    if last and _UNDECIDED.fullmatch(last):
        source, last = source[:start], ""
    source = _without_open_display(source)
    if "|" in source[-2000:]:
        return _without_table_head(source)
    return source


def _without_open_display(source: str) -> str:
    """Hold back mathematics on lines of its own from its opener on, until its end has come; a blank
    line, or more than any formula, and it is none."""
    start = max(source.rfind("\n\n"), len(source) - _LONGEST_FORMULA, 0)
    opener = -1
    for found in _DISPLAY.finditer(source, start):
        whole = found["opens"] and found["rest"].rstrip().endswith(_CLOSERS[found["opens"]])
        if opener >= 0:
            if found["line"].rstrip().endswith(("$$", "\\]")):
                opener = -1
        elif found["opens"] and not (whole and len(found["rest"].strip()) > 1):
            opener = found.start()
    return source[:opener] if opener >= 0 else source


def _without_table_head(source: str) -> str:
    """Hold back a first row until the row below it says whether it heads a table."""
    lines = source.split("\n")
    last = len(lines) - 1
    if not lines[last] and last:
        last -= 1
    row = lines[last]
    above = lines[last - 1] if last else ""
    if _ROW.match(row) and not _ROW.match(above):
        return "\n".join(lines[:last]) + ("\n" if last else "")
    if last and _ROW.match(above) and _DELIMITER_ROW.fullmatch(row) and last == len(lines) - 1:
        before = lines[last - 2] if last > 1 else ""
        if not _ROW.match(before):
            return "\n".join(lines[: last - 1]) + ("\n" if last > 1 else "")
    return source


def without_fence_end(source: str) -> str:
    """Code less a last line that may be the beginning of its closing fence."""
    start = source.rfind("\n") + 1
    return source[:start] if start and _FENCE_END.fullmatch(source, start) else source


def closers_of(content: str) -> tuple[str, str]:
    """What is to be shown of inline text: the text less a dangling opener, and the marks that
    close what is open in it.

    >>> closers_of("a **b")
    ('a **b', '**')
    >>> closers_of("see [the docs](https://exa")
    ('see [the docs](#', ')')
    >>> closers_of("a **")
    ('a ', '')
    """
    if is_too_dense(content):
        return content, ""
    open_marks: list[tuple[str, int]] = []
    position = 0
    content = _without_half_formula(content)
    if content.endswith("]") and not content.endswith("\\]"):
        content = content[:-1]  # whether an address follows is not known yet
    while (match := _MARKS.search(content, position)) is not None:
        position = match.end()
        mark = match[0]
        if mark[0] == "`":
            end = _end_of_code(content, mark, position)
            if end < 0:
                return _close(content, open_marks, (mark, match.start()))
            position = end
        elif mark == "](":
            end = content.find(")", position)
            if end < 0 and open_marks and open_marks[-1][0].endswith("["):
                return _half_link(content[:position], open_marks)
            _pop_bracket(open_marks)
        else:
            _note(content, mark, match.start(), open_marks)
    return _close(content, open_marks, None)


def _without_half_formula(content: str) -> str:
    """Text less a formula at its end that is not closed yet. What begins as a price stays; what
    begins as one by a letter, such as $HOME, is held back for a few words only."""
    if "$" not in content[-90:] and "\\(" not in content[-410:] and content[-1:] != "\\":
        return content
    found = _HALF_INLINE.search(content, max(0, len(content) - 410))
    if found is None or content.count("`", 0, found.start()) % 2:
        return content  # within code
    return content[: found.start()]


def _end_of_code(content: str, ticks: str, position: int) -> int:
    """Where the code span that `ticks` opens has ended, or -1."""
    for match in re.finditer("`+", content[position:]):
        if match[0] == ticks:
            return position + match.end()
    return -1


def _note(content: str, mark: str, start: int, open_marks: list[tuple[str, int]]) -> None:
    """Open or close emphasis, strikethrough or a bracket."""
    if mark == "]":
        _pop_bracket(open_marks)
    elif mark.endswith("["):
        open_marks.append((mark, start))
    elif mark[0] in "*_~":
        before = content[start - 1 : start]
        after = content[start + len(mark) : start + len(mark) + 1]
        if mark[0] == "_" and before.isalnum() and after.isalnum():
            return
        if before.strip() and open_marks and open_marks[-1][0] == mark:
            open_marks.pop()
        elif (after.strip() or not after) and len(mark) <= 3:
            open_marks.append((mark, start))


def _pop_bracket(open_marks: list[tuple[str, int]]) -> None:
    for at in range(len(open_marks) - 1, -1, -1):
        if open_marks[at][0].endswith("["):
            del open_marks[at:]
            return


def _half_link(content: str, open_marks: list[tuple[str, int]]) -> tuple[str, str]:
    """`[text](https://exa`: a link already, to nowhere yet."""
    outer = [mark for mark, _ in open_marks[:-1] if not mark.endswith("[")]
    return content + "#", ")" + "".join(reversed(outer))


def _close(
    content: str, open_marks: list[tuple[str, int]], code: tuple[str, int] | None
) -> tuple[str, str]:
    closers = [mark for mark, _ in open_marks if not mark.endswith("[")]
    if code is not None:
        ticks, start = code
        if not content[start + len(ticks) :].strip():
            return _closed_without(content[:start], open_marks)
        return content, ticks + "".join(reversed(closers))
    return _closed_without(content, open_marks)


def _closed_without(content: str, open_marks: list[tuple[str, int]]) -> tuple[str, str]:
    """Drop openers that nothing follows yet, close the others before trailing white space."""
    marks = list(open_marks)
    text = content.rstrip()
    for mark, start in reversed(open_marks):
        # Brackets may become a link's: until that is known its words stand alone.
        if mark.endswith("[") and len(text) - start < _LONGEST_WORDS:
            text = text[:start] + text[start + len(mark) :]
            marks = [(m, s if s < start else s - len(mark)) for m, s in marks if s != start]
            content = content[:start] + content[start + len(mark) :]
    text = text.rstrip()
    while marks and marks[-1][1] + len(marks[-1][0]) >= len(text):
        text = text[: marks[-1][1]]
        marks.pop()
        if not marks or marks[-1][1] + len(marks[-1][0]) < len(text.rstrip()):
            break
    closers = "".join(mark for mark, _ in reversed(marks) if not mark.endswith("["))
    if marks and not closers and text == content.rstrip():
        return content, ""
    return (text.rstrip() if closers else text + content[len(content.rstrip()) :]), closers
