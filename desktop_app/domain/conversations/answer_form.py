"""Forms that an answer has to take: a JSON Schema or a grammar."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

NOT_FOLLOWED: Final = "form_not_followed"
"""The reason of an answer that came without its grammar, beside those of the APIs."""


class GrammarSyntax(StrEnum):
    """The syntaxes of grammars: those of custom tools, and llama.cpp's GBNF."""

    LARK = "lark"
    REGEX = "regex"
    GBNF = "gbnf"


@dataclass(frozen=True)
class AnswerSchema:
    """A JSON Schema (draft 2020-12) of the answer.

    Attributes:
        name: of letters, digits, _ and -, at most 64.
    """

    name: str
    schema: Mapping[str, Any] = field(repr=False)

    @property
    def digest(self) -> str:
        """Return what tells this schema from others."""
        return hashlib.sha256(json.dumps(self.schema, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class AnswerGrammar:
    """A grammar of the answer."""

    syntax: GrammarSyntax
    definition: str = field(repr=False)

    @property
    def is_tool_input(self) -> bool:
        """Return True if it restricts the input of a custom tool, which is then the answer."""
        return self.syntax is not GrammarSyntax.GBNF
