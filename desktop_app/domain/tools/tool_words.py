"""Tools in words: their names for people, and sentences on what a call does or has done.

A sentence quotes an argument of a call, which a model wrote: what could hide or reorder words is
escaped, and `CallWords.is_complete` tells if the sentence contains all that the tool gets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from desktop_app.domain.graphemes import shorten
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.tools.tool import EDIT_TOOL, OWN_SEARCH, REMEMBER_TOOL
from desktop_app.i18n.translation import N_, tr, tr_plural

MAX_QUOTED_CHARS: Final = 100
"""The characters of an argument in a sentence; longer ones are cut."""
_MAX_ARGUMENT_LINE_CHARS: Final = 60
_MAX_PARSED_CHARS: Final = 100_000
# Characters that could hide or reorder what the user reads, and characters that a text field
# changes: U+00A0 to a space, U+FDD0 and U+FDD1 to line breaks. Tags and variation selectors, which
# are hidden, can carry a whole text. JSON accepts all these characters as escapes.
_HIDDEN_CHARACTERS: Final = lazy_pattern(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufdd0\ufdd1\ufeff\uffa0\ufff0-\ufffc"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Cyrillic or mathematical letters make a host look like another.
_HOST: Final = lazy_pattern(r"(?<=://)[\w.@:%-]+")
_NON_ASCII: Final = lazy_pattern(r"[^\x00-\x7f]")
_QUOTATION_MARKS: Final = lazy_pattern('["“”„‟«»‹›‘‚`]')
"""They could end the quotation of an argument in a sentence."""
_SEPARATORS: Final = lazy_pattern(r"[,:;()?]")


class _Words(NamedTuple):
    """The words for a tool, marked for translation.

    Attributes:
        name: what it does: its name, and a call whose argument is unknown.
        done: what a call has done.
        argument: the argument that the sentences below quote; "" for none.
        action_with, done_with: as above, with the argument as {value}.
    """

    name: str
    done: str
    argument: str = ""
    action_with: str = ""
    done_with: str = ""


_WORDS: Final[Mapping[str, _Words]] = {
    "calculator": _Words(
        N_("Calculate"),
        N_("Calculated"),
        "expression",
        N_("Calculate {value}"),
        N_("Calculated {value}"),
    ),
    "date_time": _Words(N_("Look up the date and time"), N_("Looked up the date and time")),
    "search_library": _Words(
        N_("Search your conversations"),
        N_("Searched your conversations"),
        "words",
        N_("Search your conversations for “{value}”"),
        N_("Searched your conversations for “{value}”"),
    ),
    "search_documents": _Words(
        N_("Search your documents"),
        N_("Searched your documents"),
        "words",
        N_("Search your documents for “{value}”"),
        N_("Searched your documents for “{value}”"),
    ),
    "read_pages": _Words(N_("Read your documents"), N_("Looked at your documents")),
    EDIT_TOOL: _Words(N_("Change the open text"), N_("Proposed a change to the text")),
    "query_table": _Words(N_("Query your tables"), N_("Queried your tables")),
    REMEMBER_TOOL: _Words(
        N_("Remember a note"),
        N_("Remembered a note"),
        "sentence",
        N_("Remember “{value}”"),
        N_("Remembered “{value}”"),
    ),
    "python": _Words(N_("Run Python code"), N_("Ran Python code")),
    "fetch_page": _Words(
        N_("Open web pages"),
        N_("Opened a web page"),
        "url",
        N_("Open “{value}”"),
        N_("Opened “{value}”"),
    ),
    "web_search": _Words(
        N_("Search the web"),
        N_("Searched the web"),
        "query",
        N_("Search the web for “{value}”"),
        N_("Searched the web for “{value}”"),
    ),
    OWN_SEARCH: _Words(
        N_("Search the web with SearXNG"),
        N_("Searched the web"),
        "query",
        N_("Search the web for “{value}”"),
        N_("Searched the web for “{value}”"),
    ),
    "file_search": _Words(N_("Search files at the provider"), N_("Searched files at the provider")),
    "code_interpreter": _Words(N_("Run code at the provider"), N_("Ran code at the provider")),
    "image_generation": _Words(N_("Generate images"), N_("Generated an image")),
}


NAMED_TOOLS: Final = tuple(_WORDS)
"""The tools that have names for people."""


class CallWords(NamedTuple):
    """A sentence on a call, without its full stop.

    Attributes:
        is_complete: True if it contains all arguments of the call, unchanged.
    """

    text: str
    is_complete: bool


def tool_title(full_name: str) -> str:
    """Return the name of a tool for people; a server's tool has its own, and the server's."""
    source, slash, name = full_name.partition("/")
    if not slash:
        words = _WORDS.get(full_name)
        return tr(words.name) if words else full_name
    if name == "*":
        return tr("All tools of {server}", server=source)
    return f"{name} ({source})"


def describe_call(full_name: str, arguments: str, *, is_done: bool = False) -> CallWords:
    """Return what a call does, such as `Search your conversations for “contract”`.

    Args:
        arguments: as the tool gets them.
        is_done: whether the call has been done.
    """
    values = _parse_object(arguments)
    words = _WORDS.get(full_name)
    if words is None:
        return _describe_foreign(full_name, arguments, values, is_done=is_done)
    action = tr(words.done if is_done else words.name)
    if full_name == "read_pages" and values is not None:
        return _describe_reading(values, is_done=is_done)
    if full_name == "date_time":
        return CallWords(action, not (values or {}).get("zone"))
    value = (values or {}).get(words.argument)
    if not isinstance(value, str) or not value.strip():
        return CallWords(action, is_complete=False)
    quoted, is_whole = _quote(value)
    text = tr(words.done_with if is_done else words.action_with, value=quoted)
    return CallWords(text, is_whole and len(values or {}) == 1)


def _describe_reading(values: Mapping[str, Any], *, is_done: bool) -> CallWords:
    document, first, last = values.get("document"), values.get("first") or 1, values.get("last")
    if not isinstance(document, str) or not isinstance(first, int):
        return CallWords(tr("Look at your documents"), is_complete=False)
    quoted, is_whole = _quote(document)
    last = last if isinstance(last, int) and last > first else first
    pages = str(first) if last == first else f"{first}–{last}"
    count = last - first + 1
    text = (
        tr_plural(
            "Looked at page {pages} of “{value}”",
            "Looked at pages {pages} of “{value}”",
            count,
            pages=pages,
            value=quoted,
        )
        if is_done
        else tr_plural(
            "Look at page {pages} of “{value}”",
            "Look at pages {pages} of “{value}”",
            count,
            pages=pages,
            value=quoted,
        )
    )
    return CallWords(text, is_whole)


def _describe_foreign(
    full_name: str, arguments: str, values: Mapping[str, Any] | None, *, is_done: bool
) -> CallWords:
    """Describe a call of a server's tool, with its arguments in brackets if they are short."""
    source, slash, name = full_name.partition("/")
    if not slash:
        source, name = "", full_name
    names = {"tool": _quote(name)[0], "server": _quote(source)[0]}
    if slash:
        done, action = N_("Used “{tool}” of “{server}”"), N_("Use “{tool}” of “{server}”")
    else:
        done, action = N_("Used “{tool}”"), N_("Use “{tool}”")
    text = tr(done if is_done else action, **names)
    if values == {} or not arguments.strip():
        return CallWords(text, is_complete=True)
    shown, is_whole = _quote(short_arguments(arguments))
    are_plain = values is not None and all(map(_is_plain, values.values()))
    return CallWords(f"{text} ({shown})", is_whole and are_plain and not shown.endswith("…"))


def _is_plain(value: object) -> bool:
    """Return True if a value among others on one line cannot look like more than a value."""
    if isinstance(value, str):
        return not _SEPARATORS.search(value)
    return isinstance(value, int | float | None)


def short_arguments(arguments: str) -> str:
    """Return arguments on one short line: `city: Oslo, days: 3`."""
    values = _parse_object(arguments)
    text = arguments
    if values is not None:
        texts = (
            f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for name, value in values.items()
        )
        text = ", ".join(texts)
    # More characters than are shown, because runs of white space are shortened to a blank.
    line = " ".join(text[: 4 * _MAX_ARGUMENT_LINE_CHARS].split())
    return shorten(line, _MAX_ARGUMENT_LINE_CHARS)


def _parse_object(arguments: str) -> dict[str, Any] | None:
    """Return arguments that are a JSON object and not too long, else None."""
    if len(arguments) > _MAX_PARSED_CHARS:
        return None
    try:
        values = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _quote(value: str) -> tuple[str, bool]:
    """Return an argument as a sentence quotes it, and whether it is unchanged."""
    beginning = value[: 4 * MAX_QUOTED_CHARS]
    line = _QUOTATION_MARKS.sub("'", " ".join(escape_hidden(beginning).split()))
    line = shorten(line, MAX_QUOTED_CHARS)
    return line, line == value


def escape_hidden(text: str) -> str:
    """Escape hidden characters, and all but ASCII characters in the hosts of addresses."""
    hosts_shown = _HOST.sub(lambda host: _NON_ASCII.sub(_escape, host[0]), text)
    return _HIDDEN_CHARACTERS.sub(_escape, hosts_shown)


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]  # without the quotes
