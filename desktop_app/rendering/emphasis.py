"""Which runs of `*` and `~` may begin or end emphasis, in every script.

CommonMark decides by the white space and punctuation on both sides, which Chinese and Japanese do not
set as English does: `これは**「強調」**です` would keep its stars. So their characters count as what they
are, letters without spaces between them (the amendment known as "CJK-friendly emphasis"). No example of
CommonMark's is changed by it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline
    from markdown_it.rules_inline.state_inline import Delimiter

_CJK: Final = (
    "[\u1100-\u11ff\u2e80-\u303f\u3040-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff01-\uffee\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


@cache
def _cjk() -> re.Pattern[str]:
    # When it is first needed: it takes 4 ms, and no start needs it.
    return re.compile(_CJK)


@cache
def _delimiter() -> type[Delimiter]:
    # Likewise, and once: for each mark, the statement alone takes as long as all else.
    from markdown_it.rules_inline.state_inline import Delimiter

    return Delimiter


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def flanks(before: str, after: str, mark: str) -> tuple[bool, bool]:
    """Whether a run of marks between these characters ("" at an end of the text) may begin, and may
    end, emphasis."""
    space_before, space_after = not before.strip(), not after.strip()
    by_cjk = (False, False)
    if mark != "_" and not (before.isascii() and after.isascii()):
        by_cjk = (bool(_cjk().match(before)), bool(_cjk().match(after)))
    sign_before = not space_before and _is_punctuation(before) and not by_cjk[0]
    sign_after = not space_after and _is_punctuation(after) and not by_cjk[1]
    left = not space_after and (not sign_after or space_before or sign_before or by_cjk[0])
    right = not space_before and (not sign_before or space_after or sign_after or by_cjk[1])
    if mark == "_":
        return left and (not right or sign_before), right and (not left or sign_after)
    return left, right


def tokenize(state: StateInline, silent: bool) -> bool:
    """The parser's rule for `*` and `~~`, by `flanks`; `_` stands within words and stays as it is."""
    mark = state.src[state.pos]
    if silent or mark not in "*~":
        return False
    end = state.pos
    while end < state.posMax and state.src[end] == mark:
        end += 1
    before = state.src[state.pos - 1 : state.pos]
    opens, closes = flanks(before, state.src[end : state.posMax][:1], mark)
    return _push(state, mark, end - state.pos, opens=opens, closes=closes)


def _push(state: StateInline, mark: str, length: int, *, opens: bool, closes: bool) -> bool:
    """A token for each mark, or each two of `~~`, to be paired when the text is through."""
    size = 1 if mark == "*" else 2
    if length < size:
        return False
    if length % size:
        state.push("text", "", 0).content = mark
    for _ in range(length // size):
        state.push("text", "", 0).content = mark * size
        made = _delimiter()(
            marker=ord(mark),
            length=length if mark == "*" else 0,  # the rule of three is for stars
            token=len(state.tokens) - 1,
            end=-1,
            open=opens,
            close=closes,
        )
        state.delimiters.append(made)
    state.pos += length
    return True
