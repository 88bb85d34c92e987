"""The settings of an answer and its form, from the options of a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.backend import Backend
from desktop_app.chat.answer_forms import check_form
from desktop_app.chat.command.chosen_model import answering_profile
from desktop_app.chat.send_context import AskSettings
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import expand_path
from desktop_app.domain import hints
from desktop_app.domain.answering import answer_form
from desktop_app.domain.answering.generation import MAX_STOP_SEQUENCES, Overrides
from desktop_app.domain.conversations.conversation import Conversation, Folder
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.prompt import Prompt
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.prompts.prompt_store import PromptStore

MAX_INSTRUCTIONS_BYTES: Final = 4 * 1024 * 1024
"""The largest file with instructions: more than any model takes."""
# The parameters whose options have another name, by that name.
_PARAMETER_NAMES: Final = {"max_tokens": "max_output_tokens", "n": "candidates"}
_PARAMETER_OPTIONS: Final = ("temperature", "top_p", "max_tokens", "stop", "verbosity", "n", "seed")


def library_of(backend: Backend, name: str) -> PromptStore:
    """Return the library of prompts. Raises IllegalChoiceError if the program lacks the feature."""
    library: PromptStore | None = backend.part("prompts")
    if library is None:
        raise IllegalChoiceError(N_("There is no prompt “{name}”."), name=name)
    return library


async def prefer_settings_of_template(backend: Backend, options: Options) -> None:
    """Use the settings of the --template, if it has any, unless the options name a --preset.

    Raises:
        IllegalChoiceError: there is no such template.
    """
    if options.template and options.preset is None:
        template = await library_of(backend, options.template).named(options.template)
        if template.has_settings:
            options.preset = template.id


async def apply_preset(
    backend: Backend, options: Options, compared: Sequence[Options] = ()
) -> Prompt | None:
    """Return the preset that the options name, and fill its choices into the options.

    The choices are provider, variant, model and effort. Options that the user gave are kept. A
    provider without variants does not get the preset's variant. A variant that the user gave
    without an effort gets the preset's effort, or the nearest that it supports. Without --preset,
    return None.

    Args:
        compared: the options of each answer, if several are compared.

    Raises:
        IllegalChoiceError: there is no preset or provider of that name.
        UserFacingError: the provider's models are needed, and it cannot be reached or refuses.
    """
    if options.preset is None:
        return None
    preset = await library_of(backend, options.preset).preset(options.preset)
    if options.provider is None and preset.provider_id:
        options.provider = preset.provider_id
    profile = await answering_profile(backend, options, compared)
    is_model_unset = options.model is None and options.variant is None
    uses_preset_model = is_model_unset and bool(preset.model or profile.serves_gpt_family)
    is_variant = options.model is None and profile.serves_gpt_family
    if (uses_preset_model or is_variant) and options.effort is None and preset.effort is not None:
        options.effort = preset.effort.value
        options.has_preset_effort = True
    if uses_preset_model:
        options.variant = preset.variant.value if preset.variant else None
        options.model = preset.model or None
    return preset


async def apply_folder(
    backend: Backend, options: Options, folder_id: str | None = None
) -> Folder | None:
    """Return the folder that the options name, and fill its choice into the options.

    Its choice counts if neither the options nor a preset choose, and as far as the provider serves
    it.

    Args:
        folder_id: the folder, unless the options name one.

    Raises:
        IllegalChoiceError: there is no folder of that name.
    """
    name = options.project or folder_id
    if not name:
        return None
    folders = await backend.conversation_folders.all()
    folded = name.casefold()
    folder = next((f for f in folders if f.id == name or f.name.casefold() == folded), None)
    if folder is None:
        if options.project is None:
            return None  # it was deleted just now
        raise IllegalChoiceError(
            N_("There is no project “{name}”."),
            hint=hints.LIST_AVAILABLE if folders else "",
            name=name,
            known=", ".join(each.name for each in folders),
        )
    choice = folder.choice
    is_chosen = any((options.provider, options.model, options.variant, options.preset))
    if choice is None or is_chosen:
        return folder
    if choice.provider_id in [each.id for each in await backend.providers.profiles()]:
        options.provider = choice.provider_id
        options.model = choice.model or None
    profile = await answering_profile(backend, options)
    if choice.variant is not None and options.model is None and profile.serves_gpt_family:
        options.variant = choice.variant.value
    if choice.effort is not None and options.effort is None:
        options.effort = choice.effort.value
        options.has_preset_effort = True
    return folder


def settings_of(
    values: Mapping[str, Any],
    options: Options,
    preset: Prompt | None,
    folder: Folder | None = None,
    continued: Conversation | None = None,
) -> AskSettings:
    """Return an answer's settings: the options, the preset, the folder, the user's settings.

    Without a preset, those of the conversation to continue take its place. Only --n and the preset
    ask for several answers; other settings do not count.

    Raises:
        IllegalChoiceError: the file with instructions cannot be read, or --stop is given too often.
    """
    overrides = _overrides(options)
    kept = Overrides()
    if preset is not None:
        kept = preset.overrides or kept
    elif continued is not None:
        kept = continued.overrides.without_parameter("candidates")
    requested = overrides.names | kept.names
    settings = replace(ask_settings(values, overrides, kept, folder=folder), requested=requested)
    return settings if "candidates" in requested else settings.for_one_answer()


def with_kept_settings(
    conversation: Conversation, options: Options, preset: Prompt | None
) -> Conversation:
    """Return a conversation with the instructions and the preset of the options, if they have any.

    Other options count for one question.
    """
    if preset is not None:
        overrides = preset.overrides or Overrides()
        conversation = replace(conversation, overrides=overrides, preset_id=preset.id)
    instructions = _overrides(options).instructions
    if instructions is None:
        return conversation
    overrides = replace(conversation.overrides, instructions=instructions)
    return replace(conversation, overrides=overrides)


def _overrides(options: Options) -> Overrides:
    if len(options.stop) > MAX_STOP_SEQUENCES:
        raise IllegalChoiceError(
            N_("At most {most} stop sequences are supported."),
            hint=N_("Use --stop less often."),
            most=MAX_STOP_SEQUENCES,
        )
    instructions = options.instructions
    if options.system is not None:
        instructions = read_text_file(
            options.system,
            MAX_INSTRUCTIONS_BYTES,
            N_("Can’t read the instructions in {file}."),
            N_("Choose a UTF-8 text file of at most 4 MB."),
        )
    overrides = Overrides(instructions)
    for name in _PARAMETER_OPTIONS:
        value = getattr(options, name)
        if value is not None and value != []:
            overrides = overrides.with_parameter(
                _PARAMETER_NAMES.get(name, name), tuple(value) if name == "stop" else value
            )
    return overrides


def with_form(settings: AskSettings, options: Options) -> AskSettings:
    """Return the settings with the schema or grammar of the options. Raises IllegalChoiceError."""
    if options.schema is None and options.grammar is None:
        return settings
    if options.schema is not None:
        schema = check_form(_read_schema(options.schema), options.schema)
        assert isinstance(schema, answer_form.AnswerSchema)
        return replace(settings, schema=schema, requested=settings.requested | {"schema"})
    if settings.parameters.tools:
        raise IllegalChoiceError(
            N_("With a grammar, the model can’t call tools."),
            hint=N_("Turn off the tools or remove the grammar."),
        )
    return replace(settings, grammar=_read_grammar(options.grammar))


def with_schema_of(settings: AskSettings, file: str | None) -> AskSettings:
    """Return the settings of a table with the schema in a file. Raises IllegalChoiceError."""
    if file is None:
        return settings
    source = _read_schema(file)
    check_form(source, file)
    parameters = replace(settings.parameters, form=source.to_setting())
    return replace(settings, parameters=parameters)


def is_form_notice(notice: NoticeText) -> bool:
    """Return True if a notice only names the form that the user has just requested."""
    form_codes = (NoticeCode.SCHEMA_USED, NoticeCode.GRAMMAR_USED)
    return isinstance(notice, AnswerNotice) and notice.code in form_codes


def _read_schema(file: str) -> answer_form.FormSource:
    text = read_text_file(
        file,
        answer_form.MAX_FORM_CHARS,
        N_("Can’t read the schema in {file}."),
        N_("Choose a JSON file of at most 1 MB."),
    )
    return answer_form.FormSource(
        answer_form.FormKind.SCHEMA, text, Path(file).stem.removesuffix(".schema")
    )


def _read_grammar(file: str) -> answer_form.AnswerGrammar:
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending not in answer_form.GRAMMAR_SYNTAXES:
        raise IllegalChoiceError(
            N_("The kind of grammar in {file} is unknown."),
            hint=N_("Choose a file ending in .lark, .regex, or .gbnf."),
            file=file,
        )
    text = read_text_file(
        file,
        answer_form.MAX_FORM_CHARS,
        N_("Can’t read the grammar in {file}."),
        N_("Choose a UTF-8 text file of at most 1 MB."),
    )
    if ending == answer_form.FormKind.REGEX:
        text = text.rstrip("\r\n")
    form = check_form(answer_form.FormSource(answer_form.FormKind(ending), text), file)
    assert isinstance(form, answer_form.AnswerGrammar)
    return form


def read_text_file(name: str, max_bytes: int, message: str, hint: str) -> str:
    """Return the text of a file of at most `max_bytes`. Raises IllegalChoiceError."""
    try:
        with open_file(expand_path(name)) as file:
            data = file.read(max_bytes + 1)
        text = data.decode("utf-8-sig")
    except (OSError, RefusedFileError, UnicodeDecodeError) as error:
        raise IllegalChoiceError(message, hint, file=name) from error
    if len(data) > max_bytes:
        raise IllegalChoiceError(message, hint, file=name)
    return text
