"""Forms that an answer must have: a JSON Schema or a grammar."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from enum import IntEnum, StrEnum
from typing import Any, Final, Literal, get_args

from desktop_app.domain.tools import strict_schema
from desktop_app.domain.value import PrivateValue

FORM_NOT_FOLLOWED: Final = "form_not_followed"
"""The reason of the event `Incomplete` if an answer does not follow its grammar.

No API sends it. An answer that does not match its schema is complete; it gets notices.
"""
MAX_FORM_CHARS: Final = 1 << 20
"""The limit for the text of a form, and for the bytes of its file; providers take less."""
_DEFAULT_NAME: Final = "answer"
_PROMPT: Final = "Answer with JSON alone, which must match this JSON Schema:"


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


class SchemaFormat(IntEnum):
    """The ways to demand JSON; a server that refuses one gets the next.

    JSON_OBJECT demands any JSON, and PROMPT nothing: with both, the schema stands in the prompt.
    """

    STRICT = 0
    JSON_SCHEMA = 1
    JSON_OBJECT = 2
    PROMPT = 3


class AnswerSchema(PrivateValue, frozen=True):
    """A JSON Schema (draft 2020-12) of the answer.

    Attributes:
        name: at most 64 letters, digits, _ and -.
        strictest: the strictest format that the server has not refused.
    """

    name: str
    schema: Mapping[str, Any]
    strictest: SchemaFormat = SchemaFormat.STRICT

    @property
    def sent_as(self) -> SchemaFormat:
        """Return the format to send; not every schema can be strict."""
        if self.strictest is SchemaFormat.STRICT and not strict_schema.is_strict(self.schema):
            return SchemaFormat.JSON_SCHEMA
        return self.strictest

    def weaker(self) -> AnswerSchema | None:
        """Return the schema in the next format; None if it is in the prompt alone."""
        if self.sent_as is SchemaFormat.PROMPT:
            return None
        return replace(self, strictest=SchemaFormat(self.sent_as + 1))

    @property
    def prompt(self) -> str:
        """Return the instruction to follow the schema; "" if the format demands that."""
        if self.sent_as < SchemaFormat.JSON_OBJECT:
            return ""
        return f"{_PROMPT}\n{json.dumps(self.schema, ensure_ascii=False)}"

    @property
    def sent_text(self) -> str:
        """Return approximately the text that is sent, for estimates of its tokens."""
        return f"{self.name}\n{json.dumps(self.schema)}"

    @property
    def digest(self) -> str:
        """Return a hash of the schema and its format, which do not depend on its name."""
        text = json.dumps([self.schema, self.sent_as], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class AnswerGrammar(PrivateValue, frozen=True):
    """A grammar of the answer.

    Attributes:
        language: the language of the answer, such as "sql", for highlighting; "" if unknown.
    """

    syntax: GrammarSyntax
    definition: str
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


class FormSource(PrivateValue, frozen=True):
    """A form as the user typed it, stored as a setting of a conversation or with a prompt.

    Attributes:
        name: the name of a schema; for a grammar, `AnswerGrammar.language`. Stored under one key,
            because the user types both in one field.
    """

    kind: FormKind
    text: str
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
