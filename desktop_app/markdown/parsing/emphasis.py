"""Decides which runs of `*` and `~` may begin or end emphasis, in every script.

CommonMark decides by the white space and punctuation on both sides. Chinese and Japanese use these
differently: `これは**「強調」**です` would keep its stars. So the rules of "CJK-friendly emphasis"
apply next to CJK characters. They change none of CommonMark's examples.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline
    from markdown_it.rules_inline.state_inline import Delimiter
    from markdown_it.token import Token

_TILDES: Final = {1: -1, 2: ord("~")}
"""Delimiter markers by the length of a run of tildes.

The parser pairs equal markers. One tilde must not pair with two, so that its marker is -1, which no
character has.
"""

_CJK_CHARACTER: Final = (
    "[\u1100-\u11ff\u2e80-\u303f\u3040-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff01-\uffee\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


@cache
def _cjk_pattern() -> re.Pattern[str]:
    # Compiled on first use: it takes 4 ms, and the start does not need it.
    return re.compile(_CJK_CHARACTER)


@cache
def _delimiter_class() -> type[Delimiter]:
    # Cached, because an import statement at each mark takes as long as everything else.
    from markdown_it.rules_inline.state_inline import Delimiter

    return Delimiter


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


@lru_cache(maxsize=4096)
def flanks(character_before: str, character_after: str, marks: str) -> tuple[bool, bool]:
    """Return two flags: a run of marks may begin emphasis, and it may end emphasis.

    Three tildes or more do neither. A single tilde follows the rule of `_`, which does nothing
    within a word, because of "5~10". A character is "" at an end of the text.
    """
    if marks[0] == "~" and len(marks) > 2:
        return False, False
    mark = "_" if marks == "~" else marks[0]
    space_before = not character_before.strip()  # also at the beginning of the text
    space_after = not character_after.strip()
    cjk_before = False
    cjk_after = False
    # The rules of CJK-friendly emphasis leave "_" as it is: within words, it marks nothing.
    if mark != "_" and not (character_before.isascii() and character_after.isascii()):
        cjk_before = _cjk_pattern().match(character_before) is not None
        cjk_after = _cjk_pattern().match(character_after) is not None
    punct_before = not space_before and _is_punctuation(character_before) and not cjk_before
    punct_after = not space_after and _is_punctuation(character_after) and not cjk_after
    # CommonMark's words for runs beside a word: left-flanking and right-flanking.
    is_left = not space_after and (not punct_after or space_before or punct_before or cjk_before)
    is_right = not space_before and (not punct_before or space_after or punct_after or cjk_after)
    if mark != "_":
        return is_left, is_right
    # A run of "_" within a word is left- and right-flanking, and does nothing.
    opens = is_left and (not is_right or punct_before)
    closes = is_right and (not is_left or punct_after)
    return opens, closes


def tokenize_marks(state: StateInline, silent: bool) -> bool:
    """Tokenize a run of `*` or `~`; other marks are left to the parser's rule."""
    sign = state.src[state.pos]
    if silent or sign not in "*~":
        return False
    end = state.pos
    while end < state.posMax and state.src[end] == sign:
        end += 1
    marks = state.src[state.pos : end]
    length = len(marks)
    character_before = state.src[state.pos - 1 : state.pos]
    opens, closes = flanks(character_before, state.src[end : state.posMax][:1], marks)
    state.pos = end
    if not (opens or closes):
        state.append_pending(marks)
        return True
    # A token for each star, or one for a run of tildes. The parser pairs the delimiters at the end.
    is_star = sign == "*"
    for _ in range(length if is_star else 1):
        state.push("text", "", 0).content = sign if is_star else marks
        delimiter = _delimiter_class()(
            marker=ord(sign) if is_star else _TILDES[length],
            length=length if is_star else 0,  # 0, because the rule of three is only for stars
            token=len(state.tokens) - 1,
            end=-1,
            open=opens,
            close=closes,
        )
        state.delimiters.append(delimiter)
    return True


def pair_tildes(state: StateInline) -> None:
    """Turn paired tildes into strikethrough tokens."""
    # The parser keeps the delimiters within a link's words in the meta of a token.
    nested = (meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta)
    for delimiters in (state.delimiters, *nested):
        for opener in delimiters:
            if opener.marker in _TILDES.values() and opener.end >= 0:
                _retype(state.tokens[opener.token], "s_open", 1)
                _retype(state.tokens[delimiters[opener.end].token], "s_close", -1)


def _retype(token: Token, kind: str, nesting: Literal[1, -1]) -> None:
    token.type = kind
    token.tag = "s"
    token.nesting = nesting
    token.markup = token.content
    token.content = ""
