"""Checks grammars before they are sent.

Providers read Lark and regular expressions a little differently from Python: what they are known to
lack is refused here, too.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.conversations.answer_form import AnswerGrammar, GrammarSyntax

_LONGEST_REASON: Final = 300
_LOOKAROUND: Final = re.compile(r"\(\?<?[=!]")
_LARK_IMPORT: Final = re.compile(r"^\s*%import\s+(?!common\b)(\S+)", re.MULTILINE)
# llama.cpp's GBNF. Where lines may end is left to llama.cpp.
_GBNF: Final = r"""
start: rule+
rule: DEFINED _choices
_choices: _sequence ("|" _sequence)*
_sequence: (_atom REPEAT*)*
_atom: LITERAL | CLASS | TOKEN | NAME | "." | "(" _choices ")"
DEFINED.2: /[a-zA-Z0-9-]+[ \t]*::=/
NAME: /[a-zA-Z0-9-]+/
LITERAL: /"(\\.|[^"\\\n])*"/
CLASS: /\[(\\.|[^\]\\\n])*\]/
TOKEN: /!?<[^<>\s]+>/
REPEAT: /[*+?]|\{\s*\d+\s*(,\s*\d*\s*)?\}/
%ignore /\s+/
%ignore /#[^\n]*/
"""


class UnusableGrammarError(Exception):
    """A grammar that cannot be sent, with the reason in English."""


def require_grammar(grammar: AnswerGrammar) -> None:
    """Raise unless the grammar is valid. Raises UnusableGrammarError."""
    match grammar.syntax:
        case GrammarSyntax.LARK:
            _require_lark(grammar.definition)
        case GrammarSyntax.REGEX:
            _require_regex(grammar.definition)
        case GrammarSyntax.GBNF:
            _require_gbnf(grammar.definition)


def _require_lark(definition: str) -> None:
    # Takes 50 ms, and hardly any answer has a grammar.
    from lark import Lark, utils
    from lark.exceptions import LarkError

    if found := _LARK_IMPORT.search(definition):
        raise UnusableGrammarError(f"%import {found[1]}: only common can be imported")
    _refuse_lookaround(definition)
    # Lark compiles with the package regex where it is installed.
    compiler = getattr(utils, "regex", re)
    failures = (LarkError, re.error, compiler.error, RecursionError, ValueError, AssertionError)
    try:
        Lark(definition, parser="earley")
    except failures as error:
        raise UnusableGrammarError(_reason(error)) from error


def _require_regex(definition: str) -> None:
    if not definition or "\n" in definition:
        raise UnusableGrammarError("not a single line")
    _refuse_lookaround(definition)
    try:
        re.compile(definition)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnusableGrammarError(_reason(error)) from error


def _refuse_lookaround(definition: str) -> None:
    if found := _LOOKAROUND.search(definition):
        raise UnusableGrammarError(f"{found[0]}: lookaround is not supported")


def _require_gbnf(definition: str) -> None:
    from lark import Lark, Token
    from lark.exceptions import LarkError

    try:
        tree = Lark(_GBNF, parser="lalr").parse(definition)
    except (LarkError, RecursionError) as error:
        raise UnusableGrammarError(_reason(error)) from error
    tokens = list(tree.scan_values(lambda value: isinstance(value, Token)))
    defined = {t.removesuffix("::=").strip() for t in tokens if t.type == "DEFINED"}
    used = {"root", *(str(t) for t in tokens if t.type == "NAME")}
    if missing := sorted(used - defined):
        raise UnusableGrammarError(f"undefined: {', '.join(missing)}"[:_LONGEST_REASON])


def _reason(error: BaseException) -> str:
    words = str(error).strip().partition("\n\n")[0]
    return " ".join((words or type(error).__name__).split())[:_LONGEST_REASON]
