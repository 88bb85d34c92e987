"""Converts Rich Text (.rtf) to Markdown, with striprtf.

Before, pictures in binary form are removed, and hidden and deleted text, marks, notes and links are
marked, because striprtf does not know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from striprtf.striprtf import rtf_to_text

from desktop_app.documents import refusals
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import Marks
from desktop_app.documents.reader_result import LeftOut

_PARSER_ERRORS: Final = (ValueError, LookupError, TypeError, AttributeError)

# striprtf drops these parts and the soft hyphens.
_SHOWN_PARTS: Final = re.compile(r"(?:\\\*)?\\(?:(?:header|footer)[lrf]?|dptxbxtext)\b ?")
_SYMBOL_BULLET: Final = re.compile("^[ \t]*[\uf000-\uf0ff][ \t]*", re.M)
_SOFT_HYPHEN: Final = re.compile(r"(?<!\\)\\-")

# Private-use characters mark places in the text that striprtf returns. A control word before them
# ends the characters that stand for the last one in programs without Unicode.
_MARK: Final = r"\z"
_CELL_END: Final = "\ue000"
_ROW_END: Final = "\ue001"
_ROW_START: Final = "\ue002"
_HIDDEN_START: Final = "\ue003"
_HIDDEN_END: Final = "\ue004"
_BOX: Final = "\ue006"
_TICKED_BOX: Final = "\ue007"
_NOTE: Final = "\ue008"
_COMMENT: Final = "\ue009"
_NOTE_END: Final = "\ue00a"
_AUTHOR: Final = "\ue00b"
_ADDRESS: Final = "\ue00c"
_LINK: Final = "\ue00d"
_LINK_END: Final = "\ue00e"
_LABEL: Final = "\ue020"
_LABEL_END: Final = "\ue021"
_FIRST_LEVEL: Final = 0xE022
_MARKS: Final = {
    r"(?:\\\*)?\\footnote\b ?": rf"\{_MARK}{_NOTE}",
    r"(?:\\\*)?\\annotation\b ?": rf"\{_MARK}{_COMMENT}",
    r"(?:\\\*)?\\atnauthor\b ?": rf"\{_MARK}{_AUTHOR}",
    r"(?:\\\*)?\\(?:list|pn)text\b ?": rf"\{_MARK}{_LABEL}",
    r"\\cell\b ?": rf"\{_MARK}{_CELL_END}",
    r"\\row\b ?": rf"\{_MARK}{_ROW_END}",
    r"\\trowd\b ?": rf"\{_MARK}{_ROW_START}",
}
_ROW: Final = re.compile(f"{_ROW_START}([^{_ROW_END}]*){_ROW_END}\\s*")
_TABLE: Final = re.compile(f"(?:{_ROW.pattern})+")
_HIDDEN: Final = re.compile(f"{_HIDDEN_START}([^{_HIDDEN_END}]*){_HIDDEN_END}")
# Each begins text with some of the marks: 1 raised, 2 lowered, 4 struck.
_FIRST_LOOK: Final = 0xE010
_LOOK: Final = re.compile("([\ue010-\ue017])")
_ITEM: Final = re.compile(f"([\ue000-\ue00e]*){_LABEL}([^{_LABEL_END}]*){_LABEL_END}")
_LEVEL_WORD: Final = re.compile(r"\\ilvl([0-8])\b ?")
_LEVEL: Final = re.compile("[\ue022-\ue02a]")
_NUMBER: Final = re.compile("[0-9]{1,9}[.)]")
_COUNTS: Final = re.compile(r"[0-9]|[^\W_][.)]|\([^\W_]")  # such as "1.1" and "a)"; "o" is a bullet
_STRAY_MARK: Final = re.compile("[\ue000-\ue00e\ue020-\ue02a]")
_HYPERLINK: Final = re.compile(r'\s*HYPERLINK\s+"([^"\\]+)"')
_ADDRESS_AND_WORDS: Final = re.compile(
    f"{_ADDRESS}([^{_LINK}]*){_LINK}([^{_LINK_END}]*){_LINK_END}"
)
_NOTE_AND_AUTHOR: Final = re.compile(
    f"(?:{_AUTHOR}([^\ue000-\ue00e]*))?([{_NOTE}{_COMMENT}])"
    f"([^{_NOTE}{_COMMENT}{_NOTE_END}]*){_NOTE_END}"
)
_TOKEN: Final = re.compile(r"\\([a-z]+)(-?[0-9]+)? ?|\\.|[{}]", re.S)
_CHECKBOX: Final = "1"
_RAISE: Final = ("super", "up")
_LOWER: Final = ("sub", "dn")


def read(name: str, data: bytes, left_out: LeftOut) -> str:
    """Return the text of Rich Text, with tables in Markdown."""
    source = "".join(_marked(data.decode("latin-1"), left_out))
    source = _SHOWN_PARTS.sub(r"\\par ", _SOFT_HYPHEN.sub("", source))
    source = _LEVEL_WORD.sub(lambda word: f"{_MARK}{chr(_FIRST_LEVEL + int(word[1]))}", source)
    for pattern, mark in _MARKS.items():
        source = re.sub(pattern, mark, source)
    try:
        text = str(rtf_to_text(source, errors="replace"))  # type: ignore[no-untyped-call]
    except _PARSER_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    text = text.replace("\xad", "")
    # Characters beyond the basic plane come as two halves.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = md.joined(_runs(text))
    left_out.hidden += sum(bool(part.strip()) for part in _HIDDEN.findall(text))
    text = _ADDRESS_AND_WORDS.sub(lambda link: md.link(link[2], link[1]), _HIDDEN.sub("", text))
    text, notes = _take_notes("\n".join(_with_list_marks(text.split("\n"))))
    text = _TABLE.sub(_table, text) + "".join(f"\n\n{note}" for note in notes)
    text = text.replace(_BOX, "☐").replace(_TICKED_BOX, "☒")
    text = _SYMBOL_BULLET.sub("- ", _STRAY_MARK.sub("", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


@dataclass(frozen=True)
class _Group:
    """What is known in a group: how its text looks, and whether it is hidden, deleted or the
    instruction of a field.

    `end_mark` is the mark at its end.
    """

    marks: Marks = md.PLAIN
    is_hidden: bool = False
    is_deleted: bool = False
    is_instruction: bool = False
    end_mark: str = ""


def _marked(source: str, left_out: LeftOut) -> Iterator[str]:
    """Yield the source without binary data, with marks around what is hidden, deleted or a link."""
    groups = [_Group()]
    instruction = ""  # of the field whose result follows
    box = ""  # of the form field whose result follows
    field_kind = ""
    end = 0
    while token := _TOKEN.search(source, end):
        old = groups[-1]
        words = source[end : token.start()]
        if old.is_instruction:
            instruction += words
        else:
            yield words
        end = token.end()
        word, number = token[1], token[2]
        link = None
        match word or token[0]:
            case "{":
                groups.append(replace(old, end_mark=""))
            case "}":
                yield f"{_MARK}{old.end_mark}" if old.end_mark else ""
                if len(groups) > 1:
                    groups.pop()
            case "bin":  # that many characters of a picture or an object
                end += max(int(number), 0) if number and len(number) < 10 else 0
                continue
            case "fldinst":
                instruction = ""
            case "fldrslt":
                link = _HYPERLINK.match(instruction)
            case "fftype":
                field_kind = number
            case "ffres" | "ffdefres" if field_kind == _CHECKBOX:
                if word == "ffres" or not box:
                    box = {"0": _BOX, "1": _TICKED_BOX}.get(number or "", box)
        if word:
            groups[-1] = _changed(old, word, number)
        yield token[0]
        yield _transition(old, groups[-1], left_out)
        if link:
            groups[-1] = replace(groups[-1], end_mark=_LINK_END)
            yield f"{_MARK}{_ADDRESS}{link[1]}{_LINK}"
        if word == "fldrslt":
            yield f"{_MARK}{box}" if box else ""
            box = field_kind = instruction = ""
    yield source[end:]


def _changed(group: _Group, word: str, number: str | None) -> _Group:
    """Return what is known in a group after a control word."""
    match word:
        case "v":
            return replace(group, is_hidden=number != "0")
        case "deleted":
            return replace(group, is_deleted=number != "0")
        case "strike" | "striked":
            return replace(group, marks=group.marks._replace(struck=number != "0"))
        case "super" | "sub" | "up" | "dn" | "nosupersub":
            is_on = number != "0" and (number is None or len(number) > 1 or number in "456789")
            raised, lowered = (is_on and word in names for names in (_RAISE, _LOWER))
            return replace(group, marks=Marks(raised, lowered, group.marks.struck))
        case "plain":
            return replace(group, is_hidden=False, marks=md.PLAIN)
        case "footnote" | "annotation":
            return replace(group, end_mark=_NOTE_END)
        case "listtext" | "pntext":
            return replace(group, end_mark=_LABEL_END)
        case "fldinst":
            return replace(group, is_instruction=True)
    return group


def _transition(old: _Group, new: _Group, left_out: LeftOut) -> str:
    """Return the mark between two tokens."""
    if old is new or replace(old, end_mark=new.end_mark, is_instruction=new.is_instruction) == new:
        return ""
    text = ""
    was_left_out = old.is_hidden or old.is_deleted
    if not left_out.takes_hidden and was_left_out != (new.is_hidden or new.is_deleted):
        text = f"{_MARK}{_HIDDEN_END if was_left_out else _HIDDEN_START}"
    look = _look(new, left_out)
    return text if look == _look(old, left_out) else f"{text}{_MARK}{look}"


def _look(group: _Group, left_out: LeftOut) -> str:
    raised, lowered, struck = group.marks
    struck = struck or (group.is_deleted and left_out.takes_hidden)
    return chr(_FIRST_LOOK + raised + 2 * lowered + 4 * struck)


def _runs(text: str) -> Iterator[tuple[str, Marks]]:
    """Yield the runs of a text with the characters that begin each."""
    marks = md.PLAIN
    for piece in _LOOK.split(text):
        if _LOOK.fullmatch(piece):
            bits = ord(piece) - _FIRST_LOOK
            marks = Marks(bool(bits & 1), bool(bits & 2), bool(bits & 4))
        else:
            yield piece, marks


def _with_list_marks(lines: Iterable[str]) -> Iterator[str]:
    """Write the marks of items as Markdown does; other numbers stay, in front of their text."""
    widths: dict[int, int] = {}
    for line in lines:
        item = _ITEM.match(line)
        label = " ".join(item[2].split()) if item else ""
        text = _LEVEL.sub("", line[item.end() :] if item else line)
        if item and (_NUMBER.fullmatch(label) or not _COUNTS.search(label)):
            levels = _LEVEL.findall(line)
            level = ord(levels[-1]) - _FIRST_LEVEL if levels else 0
            widths = {each: width for each, width in widths.items() if each < level}
            mark = label if _NUMBER.fullmatch(label) else "-"
            yield f"{item[1]}{' ' * sum(widths.values())}{mark} {text.lstrip()}"
            widths[level] = len(mark) + 1
        else:
            widths.clear()
            yield f"{item[1]}{label} {text.lstrip()}" if item else text


def _take_notes(text: str) -> tuple[str, list[str]]:
    """Return the text with numbers in place of notes and comments, and these."""
    notes: list[str] = []

    def take(note: re.Match[str]) -> str:
        words = " ".join(note[3].split())
        if note[2] == _COMMENT:
            words = md.comment(words, note[1] or "")
        if not words:
            return ""
        notes.append(f"[^{len(notes) + 1}]: {words}")
        return f"[^{len(notes)}]"

    for _ in range(2):  # a note may have comments
        text = _NOTE_AND_AUTHOR.sub(take, text)
    return text, notes


def _table(rows: re.Match[str]) -> str:
    texts = [row.replace(_ROW_START, "").split(_CELL_END) for row in _ROW.findall(rows[0])]
    return f"\n\n{md.table_or_text(texts)}\n\n"
