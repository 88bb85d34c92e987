"""The questions of `repartee table run`: prompts, fields, checks, a column for each model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from desktop_app.backend.backend import Backend
from desktop_app.chat.answer_forms import load_form
from desktop_app.chat.command.answer_parameters import library_of, read_text_file
from desktop_app.chat.command.compared_models import ComparedModels, compared_models
from desktop_app.chat.passage_context import find_passages
from desktop_app.chat.send_context import SendContext
from desktop_app.cli.command_line import Options
from desktop_app.domain.answering.answer_form import MAX_FORM_CHARS, AnswerGrammar
from desktop_app.domain.conversations.conversation import Draft, new_id
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tables.checks import NAMES, SCHEMA, check_named
from desktop_app.tables.table import Check, Column, Field, FieldType, Question, Table, free_name
from desktop_app.tables.template import DOCUMENT, short_name, words

CHECKS: Final = "equals, contains, icontains, regex, json, cost, time, judge"
_FIELD: Final = re.compile(
    r"(?P<name>.+):(?P<type>\s*(?:{types})\s*|[^:]*\|.*?)(?:\s=\s(?P<description>.*))?".format(
        types="|".join(each.value for each in FieldType if each is not FieldType.CHOICE)
    ),
    re.DOTALL,
)


class Ask(NamedTuple):
    """A question to add.

    Attributes:
        name: of its column; "" for its first words, or else its model.
        template_id: of the prompt of the library that it was made of; "" for none.
        sends_documents: see `Question`.
    """

    prompt: str
    name: str = ""
    template_id: str = ""
    sends_documents: bool = False


async def asks_of(backend: Backend, options: Options) -> list[Ask]:
    """Return the questions of --ask and --template. Raises IllegalChoiceError."""
    asks = [Ask(text) for text in options.ask]
    if options.template is None and options.set:
        raise IllegalChoiceError(
            N_("--set needs a saved prompt."), hint=N_("Name one with --template.")
        )
    if options.template is None:
        return asks
    library = library_of(backend, options.template)
    prompt, text = await library.fill(options.template, options.set, "")
    return [*asks, Ask(text, prompt.title, prompt.id)]


async def columns_of(
    backend: Backend,
    options: Options,
    table: Table,
    asks: Sequence[Ask],
    fields: Sequence[Field],
    checks: Sequence[Check],
) -> list[Column]:
    """Return the columns of questions: one for each, each model, and each time of --n."""
    models = await compared_models(backend, options)
    columns: list[Column] = []
    names = [DOCUMENT, *(column.name for column in table.columns)]
    for ask in asks:
        form = await _form_of(backend, options, models, ask)
        base = options.column or ask.name or short_name(ask.prompt)
        # A word that is no column yet would name its own one.
        named = [] if options.column else words(ask.prompt)
        for choice, resolved in models.choices:
            passages = await _passages(backend, models, ask, resolved)
            label = base if len(models.choices) == 1 else f"{base} ({resolved.label})"
            overrides = models.overrides
            question = Question(
                ask.prompt,
                choice,
                tuple(fields),
                tuple(checks),
                replace(overrides, parameters=replace(overrides.parameters, form=form)),
                passages=passages,
                folder_id=models.folder.id if models.folder else "",
                sends_documents=ask.sends_documents,
            )
            for _ in range(models.repeats):
                name = free_name(label if base else resolved.label, [*names, *named])
                columns.append(Column(new_id(), name, question))
                names.append(name)
    return columns


async def _form_of(backend: Backend, options: Options, models: ComparedModels, ask: Ask) -> str:
    """Return the form of the answers: that of the settings, or of the prompt."""
    requirements = await backend.chat.sources.load_requirements(ask.template_id)
    if requirements.documents > 1:
        raise IllegalChoiceError(
            N_("This prompt compares two documents, but each row is asked separately."),
            hint=N_("Choose another prompt."),
        )
    form = models.settings.parameters.form or requirements.form
    if options.batch and isinstance(await load_form(form), AnswerGrammar):
        raise IllegalChoiceError(
            N_("Batch jobs don’t support grammars."), hint=N_("Use a JSON Schema.")
        )
    return form


async def _passages(
    backend: Backend, models: ComparedModels, ask: Ask, resolved: ResolvedChoice
) -> tuple[PassagesPart, ...]:
    """Return the passages of the project's files that belong to a question."""
    context = SendContext([], resolved, settings=models.settings)
    return await find_passages(partial(backend.part, "collections"), context, Draft(ask.prompt))


def fields_of(texts: Sequence[str]) -> list[Field]:
    """Return the fields of NAME:TYPE = DESCRIPTION. Raises IllegalChoiceError."""
    fields = list(map(_field_of, texts))
    names = [field.name.casefold() for field in fields]
    doubled = next((f.name for f in fields if names.count(f.name.casefold()) > 1), None)
    if doubled is not None:
        raise IllegalChoiceError(
            N_("Two fields are named “{name}”."), hint=N_("Rename one of them."), name=doubled
        )
    return fields


def _field_of(text: str) -> Field:
    found = _FIELD.fullmatch(text)
    name, kind = (found["name"], found["type"].strip()) if found else (text, "text")
    description = (found["description"] or "").strip() if found else ""
    choices = tuple(dict.fromkeys(each.strip() for each in kind.split("|") if each.strip()))
    name = name.strip()
    if name and "|" in kind and len(choices) > 1:
        return Field(name, FieldType.CHOICE, description, choices)
    if not name or "|" in kind or (found is None and ":" in text):
        raise IllegalChoiceError(
            N_("“{text}” isn’t a field."),
            hint=N_("Write NAME:TYPE with one of {known}, or NAME:one|two for choices."),
            text=text,
            known=", ".join(each.value for each in FieldType if each is not FieldType.CHOICE),
        )
    return Field(name, FieldType(kind), description)


async def checks_of(texts: Sequence[str]) -> list[Check]:
    """Return the checks of KIND:TEXT. Raises IllegalChoiceError."""
    return [await asyncio.to_thread(_check_of, text) for text in texts]


def _check_of(text: str) -> Check:
    kind, _, value = text.partition(":")
    kind, value = kind.strip(), value.strip()
    if NAMES.get(kind.removeprefix("not-")) == SCHEMA and value and not value.startswith("{"):
        value = read_text_file(
            value,
            MAX_FORM_CHARS,
            N_("Can’t read the schema in {file}."),
            N_("Choose a JSON file of at most 1 MB."),
        )
    try:
        return check_named(kind, value)
    except ValueError as error:
        raise IllegalChoiceError(
            N_("“{text}” isn’t a check: {words}."),
            hint=N_("Write KIND:TEXT with one of {known}."),
            text=text,
            words=str(error),
            known=CHECKS,
        ) from error
