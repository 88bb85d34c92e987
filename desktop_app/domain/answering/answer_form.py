"""Forms that an answer must have: a JSON Schema or a grammar."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, get_args

from desktop_app.domain.tools import strict_schema

FORM_NOT_FOLLOWED: Final = "form_not_followed"
"""The reason of the event `Incomplete` if an answer does not follow its grammar.

No API sends it. An answer that does not match its schema is complete; it gets notices.
"""
MAX_FORM_CHARS: Final = 1 << 20
"""The limit for the text of a form, and for the bytes of its file; providers take less."""
_DEFAULT_NAME: Final = "answer"


class FormKind(StrEnum):
    """The kinds of forms: a JSON Schema, or a grammar in one of three syntaxes.

    OpenAI takes Lark grammars and regular expressions, llama.cpp takes GBNF.
    """

    SCHEMA = "schema"
    LARK = "lark"
    REGEX = "regex"
    GBNF = "gbnf"


GrammarSyntax = Literal[FormKind.LARK, FormKind.REGEX, FormKind.GBNF]
GRAMMAR_SYNTAXES: Final[tuple[GrammarSyntax, ...]] = get_args(GrammarSyntax)


@dataclass(frozen=True)
class AnswerSchema:
    """A JSON Schema (draft 2020-12) of the answer.

    Attributes:
        name: at most 64 letters, digits, _ and -.
        may_be_strict: False once a server has refused it as a strict schema.
    """

    name: str
    schema: Mapping[str, Any] = field(repr=False)
    may_be_strict: bool = True

    @property
    def is_strict(self) -> bool:
        """Return True if it is sent as a strict schema."""
        return self.may_be_strict and strict_schema.is_strict(self.schema)

    @property
    def sent_text(self) -> str:
        """Return approximately the text that is sent, for estimates of its tokens."""
        return f"{self.name}\n{json.dumps(self.schema)}"

    @property
    def digest(self) -> str:
        """Return a hash of the schema and its strictness, which do not depend on its name."""
        text = json.dumps([self.schema, self.is_strict], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class AnswerGrammar:
    """A grammar of the answer.

    Attributes:
        language: the language of the answer, such as "sql", for highlighting; "" if unknown.
    """

    syntax: GrammarSyntax
    definition: str = field(repr=False)
    language: str = ""

    @property
    def sent_text(self) -> str:
        """Return approximately the text that is sent, for estimates of its tokens."""
        return self.definition

    @property
    def is_tool_input(self) -> bool:
        """Return True if it is sent to OpenAI as the grammar of a tool's input.

        OpenAI takes grammars only for the input of custom tools. So the model must call such a
        tool, and the input of its call is the answer. llama.cpp takes GBNF for the answer itself.
        """
        return self.syntax is not FormKind.GBNF


AnswerForm = AnswerSchema | AnswerGrammar


@dataclass(frozen=True)
class FormSource:
    """A form as the user typed it, stored as a setting of a conversation or with a prompt.

    Attributes:
        name: the name of a schema; for a grammar, `AnswerGrammar.language`. Stored under one key,
            because the user types both in one field.
    """

    kind: FormKind
    text: str = field(repr=False)
    name: str = ""

    @property
    def answer_name(self) -> str:
        """Return the name of a schema with the characters that the APIs accept."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", self.name.strip())[:64] or _DEFAULT_NAME

    def to_setting(self) -> str:
        """Return the value of the setting, which `from_setting` parses."""
        return json.dumps({"kind": self.kind, "name": self.name, "text": self.text})

    @classmethod
    def from_setting(cls, value: str) -> FormSource | None:
        """Return the form in a setting's value; None if there is none, or it is damaged."""
        if not value:
            return None
        try:
            stored = json.loads(value)
            kind = FormKind(stored["kind"])
            text = stored["text"]
            name = stored["name"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return None
        if not isinstance(text, str) or not isinstance(name, str):
            return None
        return cls(kind, text, name)
