"""Converts TeX formulas to words for a screen reader: `\\frac{a}{b}` is "a over b".

No maintained Python library speaks formulas without a browser engine, so this covers what models
write most: fractions, roots, powers, indices, sums, Greek letters, relations. An unknown command is
spoken as its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.block_model import Run, source_text

_TOKEN: Final = re.compile(r"\\([A-Za-z]+|.)|([A-Za-z0-9.,]+)|(?P<space>\s+)|(.)", re.DOTALL)

_COMMAND_WORDS: Final = {
    "sum": N_("sum"),
    "prod": N_("product"),
    "int": N_("integral"),
    "lim": N_("limit"),
    "infty": N_("infinity"),
    "partial": N_("partial"),
    "nabla": N_("nabla"),
    "cdot": N_("times"),
    "times": N_("times"),
    "div": N_("divided by"),
    "pm": N_("plus or minus"),
    "leq": N_("is at most"),
    "le": N_("is at most"),
    "geq": N_("is at least"),
    "ge": N_("is at least"),
    "neq": N_("is not"),
    "ne": N_("is not"),
    "approx": N_("is about"),
    "equiv": N_("is equivalent to"),
    "sim": N_("is similar to"),
    "in": N_("is in"),
    "to": N_("to"),
    "rightarrow": N_("to"),
    "Rightarrow": N_("implies"),
    "implies": N_("implies"),
    "iff": N_("if and only if"),
    "forall": N_("for all"),
    "exists": N_("there is"),
    "ldots": N_("and so on"),
    "cdots": N_("and so on"),
    "dots": N_("and so on"),
    "cup": N_("union"),
    "cap": N_("intersection"),
    "subset": N_("is a subset of"),
    "prime": N_("prime"),
}
_SIGN_WORDS: Final = {
    "=": N_("equals"),
    "+": N_("plus"),
    "-": N_("minus"),
    "−": N_("minus"),
    "*": N_("times"),
    "/": N_("over"),
    "<": N_("is less than"),
    ">": N_("is greater than"),
    "!": N_("factorial"),
    "'": N_("prime"),
}
# Commands that change only the appearance.
_SILENT_COMMANDS: Final = frozenset(
    "left right big Big bigg Bigg displaystyle textstyle limits nolimits text mathrm mathbf "
    "mathit mathbb mathcal operatorname begin end quad qquad".split()
)
_SILENT_SIGNS: Final = frozenset("{}$&,;:! ")
_PRIMES: Final = (["\\prime"], ["'"])
"""The tokens of exponents that are spoken as they are: f^\\prime is no power."""
_MAX_DEPTH: Final = 40
"""Maximum nesting of groups; the words in deeper groups are spoken without structure."""
_MAX_TEX_LENGTH: Final = 2_000
"""Characters of TeX that are spoken."""


def spoken_words(runs: Iterable[Run]) -> str:
    """Return the text of runs, with formulas as words and without drawn images."""
    return "".join(
        spoken_formula(source_text(run)) if run.math else source_text(run) for run in runs
    )


def spoken_formula(tex: str) -> str:
    return " ".join(_Speaker(tex[:_MAX_TEX_LENGTH]).words_until("").split())


class _Speaker:
    """Converter of a formula's tokens to words, in order."""

    def __init__(self, tex: str) -> None:
        self._tokens = [m[0] for m in _TOKEN.finditer(tex) if not m["space"]]
        self._position = 0
        self._depth = 0

    def words_until(self, end: str) -> str:
        """Return the words up to a closing token, or to the end of the formula."""
        words = []
        while self._position < len(self._tokens) and self._tokens[self._position] != end:
            words.append(self._read_token())
        self._position += 1
        return " ".join(words)

    def _read_token(self) -> str:
        """Read the next token and its arguments; return their words."""
        token = self._tokens[self._position]
        self._position += 1
        if token == "{":
            return self._read_group("}")
        if token in "^_":
            return self._read_script(token)
        if token.startswith("\\") and len(token) > 1:
            return self._read_command(token[1:])
        if token in _SIGN_WORDS:
            return tr(_SIGN_WORDS[token])
        return "" if token in _SILENT_SIGNS else token

    def _read_group(self, end: str) -> str:
        """Read a group up to its closing token; return its words."""
        self._depth += 1
        words = self.words_until(end) if self._depth < _MAX_DEPTH else ""
        self._depth -= 1
        return words

    def _read_argument(self) -> str:
        if self._position >= len(self._tokens) or self._depth == _MAX_DEPTH:
            return ""
        token = self._tokens[self._position]
        if not token[0].isalnum() or len(token) == 1:
            self._depth += 1
            words = self._read_token()
            self._depth -= 1
            return words
        # TeX takes a single letter or digit: \frac12 is a half, and x^2y is x squared times y.
        self._tokens[self._position] = token[1:]
        return token[0]

    def _read_script(self, sign: str) -> str:
        start = self._position
        words = self._read_argument().strip()
        if sign == "_":
            return tr("sub {index}", index=words)
        exponent = [token for token in self._tokens[start : self._position] if token not in "{}"]
        if exponent in _PRIMES:
            return words
        named_powers = {"2": tr("squared"), "3": tr("cubed")}
        return named_powers.get(words) or tr("to the power of {exponent}", exponent=words)

    def _read_root(self) -> str:
        degree = ""
        if self._tokens[self._position : self._position + 1] == ["["]:
            self._position += 1
            degree = self._read_group("]").strip()
        radicand = self._read_argument()
        if degree in ("", "2"):
            return tr("square root of {radicand}", radicand=radicand)
        if degree == "3":
            return tr("cube root of {radicand}", radicand=radicand)
        return tr("root of degree {degree} of {radicand}", degree=degree, radicand=radicand)

    def _read_command(self, name: str) -> str:
        if name in ("frac", "dfrac", "tfrac"):
            return tr(
                "{numerator} over {denominator}",
                numerator=self._read_argument(),
                denominator=self._read_argument(),
            )
        if name == "sqrt":
            return self._read_root()
        if name == "\\":
            return ";"
        if name in _COMMAND_WORDS:
            return tr(_COMMAND_WORDS[name])
        if name in _SILENT_COMMANDS or name in _SILENT_SIGNS:
            return ""
        return name
