"""Saved prompts: text with variables, settings of answers, and the rules for filling the text.

A preset is a prompt with settings. In a prompt's text

    {{name}}                 is asked for, and must be filled;
    {{name=default}}         is asked for, and may keep its default;
    {{name=one|two|three}}   is a choice, initially the first;
    {{selection}}            is the selected text, {{clipboard}} the text on the clipboard and
                             {{date}} the day; the program fills these, with "" for none;
    \\{{name}}                is the text {{name}}.

A name begins with a letter and contains letters, digits, spaces, - and _; a default may have
several lines, but no brace. Anything else in braces is plain text, so code is not changed. A name
that occurs several times is asked for once; its first default applies everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final, NamedTuple

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice
from desktop_app.domain.conversations.message_parts import DocumentPart, Part
from desktop_app.domain.documents import document_types
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.value import Value

SELECTION = "selection"
CLIPBOARD = "clipboard"
DATE = "date"
PROGRAM_VARIABLES: Final = frozenset((SELECTION, CLIPBOARD, DATE))
"""The variables that the program fills."""

SUMMARY: Final = "executive-summary"
FOR_DOCUMENTS: Final = (SUMMARY, "extract-table")
"""The built-in prompts offered once a document is attached; Enter takes the first."""
FOR_TWO_DOCUMENTS: Final = (*FOR_DOCUMENTS, "differences")
"""The built-in prompts offered if two documents are attached."""
FOR_CODE: Final = ("explain", "review-code", "write-tests")
"""The built-in prompts that are not offered for a passage of a text."""
MAX_FILLED_CHARS: Final = 16 << 20
"""More characters than any model reads."""

_CONTAINER_TYPES: Final = (document_types.FOLDER, document_types.ZIP)
_NAME: Final = r"[^\W\d_][\w \-]*"
_PIECE: Final = lazy_pattern(rf"(\\?)\{{\{{[ ]*({_NAME})(?:=([^{{}}]*))?\}}\}}")


class PromptRequirements(NamedTuple):
    """The requirements of a prompt, which edits of its text do not change.

    Only built-in prompts have `documents`.

    Attributes:
        documents: the number of documents it is about. 1: the prompt is repeated for each of
            several. 2: it compares exactly two. 0: any number.
        form: the schema or grammar that the user set, as `FormSource.to_setting` returns it; "" for
            none. `Prompt.requirements` leaves it empty, because `Prompt.form` has it.
    """

    documents: int = 0
    form: str = ""


NO_REQUIREMENTS: Final = PromptRequirements()


class Prompt(Value, frozen=True):
    """A prompt of the library.

    Attributes:
        id: an edited copy of a built-in prompt has the same id and replaces it.
        text: is inserted; "" for a prompt that only has settings.
        folder: "" for none.
        position: in its folder.
        hidden: stored, but not offered.
        requirements: those of the built-in prompt with this id.
        form: the schema or grammar of the answer, as `FormSource.to_setting` returns it; "" for
            none.
        provider_id: "" keeps the conversation's provider.
        model: the id of a model of that provider; "" keeps the conversation's model.
        variant: used instead of `model` if the provider offers variants; None if none is set.
        effort: None keeps the conversation's effort.
        overrides: instructions and parameters, which replace the conversation's; None if the prompt
            has no settings. It then has no model either.
    """

    id: str
    title: str
    text: str = ""
    folder: str = ""
    position: int = 0
    created_at: datetime | None = None
    hidden: bool = False
    requirements: PromptRequirements = NO_REQUIREMENTS
    form: str = ""
    provider_id: str = ""
    model: str = ""
    variant: Variant | None = None
    effort: Effort | None = None
    overrides: Overrides | None = None

    @property
    def has_settings(self) -> bool:
        return self.overrides is not None

    @property
    def shown_text(self) -> str:
        """Return what it inserts, else the instructions that it gives."""
        return self.text or (self.overrides and self.overrides.instructions) or ""

    @property
    def is_text(self) -> bool:
        """Return True for a prompt to insert, False for one that only has settings."""
        return bool(self.text.strip()) or not self.has_settings

    def choice_from(self, choice: ModelChoice, *, serves_gpt_family: bool) -> ModelChoice:
        """Return the model choice that replaces `choice` when the prompt is applied.

        Args:
            serves_gpt_family: False if the provider does not offer the variants; `variant` is then
                ignored.
        """
        new_choice = replace(choice, provider_id=self.provider_id or choice.provider_id)
        if self.variant is not None and serves_gpt_family:
            new_choice = replace(new_choice, variant=self.variant, model="")
        elif self.model and self.provider_id:
            new_choice = replace(new_choice, variant=None, model=self.model)
        return new_choice if self.effort is None else replace(new_choice, effort=self.effort)

    def with_settings_of(self, conversation: Conversation) -> Prompt:
        """Return a copy with a conversation's settings.

        A prompt with a variant names no provider, because several serve the variants.
        """
        choice = conversation.choice
        is_variant = choice.variant is not None
        return replace(
            self,
            provider_id="" if is_variant else choice.provider_id,
            model="" if is_variant else choice.model,
            variant=choice.variant,
            effort=choice.effort,
            overrides=conversation.overrides,
        )


class Variable(NamedTuple):
    """A variable of a prompt.

    Attributes:
        default: None if there is none: the user has to fill the variable, unless the program does.
        choices: the values to choose from; () for any text.
    """

    name: str
    default: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_filled_by_program(self) -> bool:
        return self.name in PROGRAM_VARIABLES


Piece = str | Variable


class FilledPrompt(NamedTuple):
    """A filled prompt, and the cursor position: the first empty variable, else the end."""

    text: str
    cursor: int


def parse(text: str) -> tuple[Piece, ...]:
    """Split a prompt's text into plain text and variables."""
    pieces: list[Piece] = []
    plain = ""
    end = 0
    for match in _PIECE.finditer(text):
        plain += text[end : match.start()]
        end = match.end()
        if match[1]:
            plain += match[0][1:]
            continue
        if plain:
            pieces.append(plain)
        pieces.append(_make_variable(match[2].strip(), match[3]))
        plain = ""
    plain += text[end:]
    return (*pieces, plain) if plain else tuple(pieces)


def _make_variable(name: str, default: str | None) -> Variable:
    if default is None or name in PROGRAM_VARIABLES:
        return Variable(name)
    choices = tuple(part.strip() for part in default.split("|"))
    if len(choices) > 1:
        return Variable(name, choices[0], choices)
    return Variable(name, default)


def variables(text: str) -> tuple[Variable, ...]:
    """Return the variables to ask for, each name once, in the order of the text."""
    by_name: dict[str, Variable] = {}
    for piece in parse(text):
        if isinstance(piece, Variable) and not piece.is_filled_by_program:
            earlier = by_name.get(piece.name)
            if earlier is None or (earlier.default is None and piece.default is not None):
                by_name[piece.name] = piece
    return tuple(by_name.values())


def program_variables_in(text: str) -> frozenset[str]:
    """Return the names of the variables in a text that the program fills."""
    return frozenset(
        p.name for p in parse(text) if isinstance(p, Variable) and p.is_filled_by_program
    )


def preview(text: str, length: int) -> str:
    """Return the beginning of a prompt on one line, with defaults, or … for empty variables."""
    line = ""
    # Twice the length: variables and runs of blanks are shorter in the line than in the text.
    for piece in parse(text[: 2 * length]):
        line += piece if isinstance(piece, str) else piece.default or "…"
    return " ".join(line.split())[:length]


def missing_names(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that must be filled, but have no value."""
    return tuple(
        v.name for v in variables(text) if v.default is None and not values.get(v.name, "").strip()
    )


def fill(text: str, values: Mapping[str, str]) -> FilledPrompt:
    """Fill each variable with its value, else its default, else "".

    Braces in a value are plain text. A value is not repeated beyond `MAX_FILLED_CHARS`: a shared
    prompt may name a long one very often.
    """
    defaults = {v.name: v.default or "" for v in variables(text)}
    filled_text = ""
    cursor: int | None = None
    used: set[str] = set()
    for piece in parse(text):
        if isinstance(piece, str):
            filled_text += piece
            continue
        value = values.get(piece.name, defaults.get(piece.name, ""))
        if not value and cursor is None:
            cursor = len(filled_text)
        if piece.name not in used or len(filled_text) + len(value) <= MAX_FILLED_CHARS:
            filled_text += value
        used.add(piece.name)
    return FilledPrompt(filled_text, len(filled_text) if cursor is None else cursor)


def has_several_documents(parts: Iterable[Part]) -> bool:
    """Return True for several documents, or for one file that contains several."""
    documents = [part for part in parts if isinstance(part, DocumentPart)]
    return len(documents) > 1 or any(part.media_type in _CONTAINER_TYPES for part in documents)


def task_for_each(task: str, requirements: PromptRequirements, parts: Iterable[Part]) -> str:
    """Return the text of a prompt about a single document, extended if there are several."""
    documents = [part for part in parts if isinstance(part, DocumentPart)]
    if requirements.documents != 1 or not has_several_documents(documents):
        return task
    # The text states no number, because the user may attach or remove documents before sending.
    return (
        f"{task}\n\nIf there are several documents, do this for each, under a heading with its "
        "name, then give an overview of all of them."
    )


def today() -> str:
    """Return the user's date for `{{date}}`: 2026-01-31."""
    return date.today().isoformat()  # noqa: DTZ011 — the user's date
