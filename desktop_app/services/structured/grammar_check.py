"""Checks grammars before they are sent.

Providers read Lark and regular expressions a little differently from Python. Features that they are
known to lack are refused here, too.
"""

from __future__ import annotations

import re
import warnings
from typing import Final

from desktop_app.domain.answering.answer_form import AnswerGrammar, FormKind
from desktop_app.domain.errors import UserFacingError
from desktop_app.services.structured.form_fault import FormFault

_MAX_REASON_CHARS: Final = 300
# Features that the regular expressions of the providers, which are Rust's, lack.
_UNSUPPORTED_FEATURES: Final = (
    (re.compile(r"\(\?<?[=!]"), FormFault.NO_LOOKAROUND),
    (re.compile(r"\\[1-9]|\(\?P=|\(\?\("), FormFault.NO_BACKREFERENCE),
    (re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\?"), FormFault.NO_LAZY_REPETITION),
    (re.compile(r"\(\?[>#]"), FormFault.NO_SUCH_GROUP),
)
# Features that Python lacks, each with an expression that is valid in Python.
_PYTHON_FORMS: Final = (
    (re.compile(r"\\[pP](?:\{\^?[A-Za-z0-9_=: -]+\}|[A-Z])"), r"\\w"),
    (re.compile(r"\\[xuU]\{[0-9A-Fa-f]{1,8}\}"), "x"),
    (re.compile(r"\(\?<(?=[A-Za-z_])"), "(?P<"),
    (re.compile(r"\\z"), r"\\Z"),
    (re.compile(r"\[:\^?[a-z]+:\]"), "x"),
)
_CLASS_OR_ESCAPE: Final = re.compile(
    r"\\.|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*+(?:\]|\\?\Z)", re.DOTALL
)
# In Lark: a text, a comment, or the source of a regular expression.
_LARK_LITERAL: Final = re.compile(
    r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/(?!/)(?P<regex>(?:\\.|[^/\\\n])*)/'
)
_LARK_UNSUPPORTED: Final = (
    (re.compile(r"^[^\S\n]*[A-Z_0-9]+\.-?\d+\s*:", re.MULTILINE), FormFault.NO_PRIORITIES),
    (re.compile(r"^[^\S\n]*[a-z_0-9]+\{", re.MULTILINE), FormFault.NO_TEMPLATES),
    (re.compile(r"^[^\S\n]*%declare\b", re.MULTILINE), FormFault.NO_DECLARATIONS),
)
_LARK_IMPORT: Final = re.compile(r"^[^\S\n]*%import\s+(?!common\b)(\S+)", re.MULTILINE)
_LARK_START: Final = re.compile(r"^[^\S\n]*[?!]*start(?:\.-?\d+)?\s*:", re.MULTILINE)
# llama.cpp's GBNF. llama.cpp checks the places of line ends itself.
_GBNF_GRAMMAR: Final = r"""
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


class UnusableGrammarError(UserFacingError):
    """A grammar that cannot be sent. Its reason is a `FormFault`, or the words of a library."""

    code = "unusable_grammar"


def require_grammar(grammar: AnswerGrammar) -> None:
    """Raise UnusableGrammarError if the grammar is invalid."""
    match grammar.syntax:
        case FormKind.LARK:
            _require_lark(grammar.definition)
        case FormKind.REGEX:
            _require_regex(grammar.definition)
        case FormKind.GBNF:
            _require_gbnf(grammar.definition)


def _require_lark(definition: str) -> None:
    # This import takes 50 ms, and hardly any answer has a grammar.
    from lark import Lark, utils
    from lark.exceptions import LarkError

    if match := _LARK_IMPORT.search(definition):
        raise UnusableGrammarError(FormFault.NOT_COMMON, found=match[1])
    rules = _LARK_LITERAL.sub('""', definition)
    for pattern, fault in _LARK_UNSUPPORTED:
        if match := pattern.search(rules):
            raise UnusableGrammarError(fault, found=match[0].strip().rstrip(":"))
    if not _LARK_START.search(rules):
        raise UnusableGrammarError(FormFault.NO_START)
    python_definition = _LARK_LITERAL.sub(_checked_literal, definition)
    # Lark compiles with the package `regex` if it is installed.
    compiler = getattr(utils, "regex", re)
    lark_errors = (
        LarkError,
        re.error,
        compiler.error,
        RecursionError,
        OverflowError,
        ValueError,
        AssertionError,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Lark(python_definition, parser="earley")
    except lark_errors as error:
        raise UnusableGrammarError(_reason_of(error)) from error


def _require_regex(definition: str) -> None:
    if not definition or "\n" in definition:
        raise UnusableGrammarError(FormFault.NOT_A_LINE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python may give a set of sets another meaning later
            re.compile(_as_python(definition))
    except (re.error, RecursionError, OverflowError) as error:
        raise UnusableGrammarError(_reason_of(error)) from error


def _checked_literal(literal: re.Match[str]) -> str:
    """Return a literal of a Lark grammar as Lark can read it. Raises UnusableGrammarError."""
    regex = literal["regex"]
    return literal[0] if regex is None else f"/{_as_python(regex)}/"


def _as_python(regex: str) -> str:
    """Return a Python expression that is valid if providers accept `regex`.

    Raises:
        UnusableGrammarError: providers do not accept it.
    """
    # In a set, and behind a backslash, characters stand for themselves.
    plain = _CLASS_OR_ESCAPE.sub(_as_placeholder, regex)
    for pattern, fault in _UNSUPPORTED_FEATURES:
        if match := pattern.search(plain):
            raise UnusableGrammarError(fault, found=match[0])
    for pattern, python_form in _PYTHON_FORMS:
        regex = pattern.sub(python_form, regex)
    return regex


def _as_placeholder(match: re.Match[str]) -> str:
    """Return "x" for a set or an escape, except an escape that may be a backreference."""
    return match[0] if match[0][1:].isdigit() else "x"


def _require_gbnf(definition: str) -> None:
    from lark import Lark, Token
    from lark.exceptions import LarkError

    try:
        tree = Lark(_GBNF_GRAMMAR, parser="lalr").parse(definition)
    except (LarkError, RecursionError) as error:
        raise UnusableGrammarError(_reason_of(error)) from error
    tokens = list(tree.scan_values(lambda value: isinstance(value, Token)))
    defined_names = {t.removesuffix("::=").strip() for t in tokens if t.type == "DEFINED"}
    used_names = {"root", *(str(t) for t in tokens if t.type == "NAME")}
    if undefined_names := sorted(used_names - defined_names):
        names = ", ".join(undefined_names)[:_MAX_REASON_CHARS]
        raise UnusableGrammarError(FormFault.UNDEFINED, names=names)


def _reason_of(error: BaseException) -> str:
    words = str(error).strip().partition("\n\n")[0]
    return " ".join((words or type(error).__name__).split())[:_MAX_REASON_CHARS]
