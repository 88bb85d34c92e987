"""`repartee ask`: the answer on standard output, everything else on standard error."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from desktop_app.backend.backend import Backend
from desktop_app.backend.log_file import start_log
from desktop_app.budget.budget import NEAR_LIMIT
from desktop_app.chat.answer_forms import require_grammar_support, require_summarizer
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.chat_service import ChatService
from desktop_app.chat.command import chosen_model
from desktop_app.chat.command.answer_output import AnswerOutput
from desktop_app.chat.command.answer_parameters import (
    apply_folder,
    apply_preset,
    is_form_notice,
    library_of,
    prefer_settings_of_template,
    settings_of,
    with_form,
    with_kept_settings,
)
from desktop_app.chat.command.ask_collections import (
    cited_sources,
    embed_missing,
    find_collections,
    passages_json,
    refresh_files,
)
from desktop_app.chat.cost_estimate import Estimate
from desktop_app.chat.send_context import AskSettings, SendContext
from desktop_app.chat.services import notes_in
from desktop_app.cli import console, password_prompt
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import (
    cancel_at_signals,
    error_exit_code,
    expand_path,
    find_conversation,
    open_or_ask,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.page_options import pages_by_file, with_pages
from desktop_app.cli.standard_input import read_all, replace_stdin_with_file
from desktop_app.documents.store.attachment_store import UNREAD, generated_image
from desktop_app.documents.worker.document_worker import Progress
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    ModelChoice,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, Part
from desktop_app.domain.cost import Usage
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import (
    DocumentDoesNotFitError,
    DocumentError,
    IllegalChoiceError,
    StorageError,
    UserFacingError,
)
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.models.token_counts import COUNT_DESCRIPTIONS, CountMethod
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.prompt import SUMMARY, Prompt, fill, task_for_each
from desktop_app.domain.tools.tool import READ_SKILL, SKILL_PREFIX
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, paragraph, tr, tr_plural
from desktop_app.providers.models.choice_resolution import (
    ResolvedChoice,
    require_supported,
    shutdown_note,
)
from desktop_app.providers.ports import AttachmentSource
from desktop_app.tools.calls.consent import AllowedTools
from desktop_app.tools.command.tool_commands import require_known_tools, require_tools
from desktop_app.tools.servers.remote_tool import ALL_TOOLS

if TYPE_CHECKING:
    from desktop_app.prompts.prompt_store import PromptStore


def run_ask(options: Options) -> int:
    is_several = bool(options.compare) or (options.n or 1) > 1
    output = AnswerOutput(as_json=options.json, shows_steps=options.in_parts, is_several=is_several)
    try:
        # Read before the loop runs, because its Ctrl+C handler cannot end a blocking read.
        _take_file(options)
        question = _read_question(options)
        is_beside_question = options.command == "ask" and options.prompt not in (None, "-")
        with replace_stdin_with_file(
            options.file, is_beside_question=is_beside_question
        ) as options.file:
            return asyncio.run(_ask(options, question, output))
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED  # a second signal during shutdown
    except KeyboardInterrupt:  # while reading the question, or during shutdown
        output.end_without_answer()
        return ExitCode.INTERRUPTED
    except UserFacingError as error:
        output.refuse(error)
        return error_exit_code(error)


def _take_file(options: Options) -> None:
    """Attach a file that stands in the place of the question, if the user means that.

    The shell makes `-f a.txt b.txt` of `-f *.txt`.

    Raises:
        IllegalChoiceError: there is no terminal to ask on.
    """
    is_asked = options.command == "ask" and options.file and options.prompt
    if not is_asked or not Path(options.prompt).is_file():
        return
    name = console.clean_line(options.prompt)
    if not console.can_ask():
        raise IllegalChoiceError(
            N_("“{name}” is a file, not a question."),
            hint=N_("Write -f before each file."),
            name=name,
        )
    console.write_question(tr("“{name}” is a file. Attach it? [y/N]", name=name))
    if console.is_yes(sys.stdin.readline()):
        options.file.append(options.prompt)
        options.prompt = None


def _read_question(options: Options) -> str:
    """Return the question from the command line or standard input.

    Standard input is the question if "-" is typed, or if nothing is typed and no file is "-".
    Return "" if there is no question, but a file or a template.

    Raises:
        IllegalChoiceError: nothing is asked, or options contradict each other.
    """
    if options.compare:
        chosen_model.require_comparable(options.compare, options.n)
    typed = options.prompt
    if options.set and not options.template:
        raise IllegalChoiceError(
            N_("--set needs a saved prompt."), hint=N_("Name one with --template.")
        )
    text = "" if typed is None else chosen_model.replace_invalid_utf8(typed)
    if typed == "-" or (typed is None and "-" not in options.file):
        text = read_all(is_asked_for=typed == "-")
    if text.strip():
        return text
    if not options.file and not options.template:
        raise IllegalChoiceError(N_("Enter a message."), hint=N_('Try: repartee ask "Hello"'))
    return ""


async def _draft_of_question(
    backend: Backend, options: Options, typed: str, parts: Sequence[Part]
) -> Draft:
    """Return the question: from a template, as typed, or the default for files alone.

    Without a question, images are described and documents summarized.
    """
    if options.template:
        template, question = await library_of(backend, options.template).fill(
            options.template, options.set, typed
        )
        if options.in_parts:
            question = task_for_each(question, template.requirements, parts)
        return Draft(question, template_id=template.id)
    if typed:
        return Draft(typed)
    if all(isinstance(part, ImagePart) for part in parts):
        return Draft("Describe what this shows.")
    library: PromptStore | None = backend.part("prompts")
    if library is None:
        return Draft("Summarize this.")
    summary = await library.named(SUMMARY)
    return Draft(
        task_for_each(fill(summary.text, {}).text.strip(), summary.requirements, parts),
        template_id=summary.id,
    )


async def _ask(options: Options, question: str, output: AnswerOutput) -> int:
    cancel_at_signals()
    task = asyncio.current_task()
    assert task is not None
    output.stop = task.cancel
    backend = Backend(
        allows_unpriced=options.allow_unpriced, wants_embeddings=options.create_embeddings
    )
    start_log(backend.folders.logs)
    try:
        # Without --save, only the record of the cost needs a writable library.
        is_stored = options.save or options.continued or options.conversation
        await open_or_ask(backend, drops_writes_if_full=not is_stored)
        backend.local_models.use(await backend.settings.all())
        await backend.listings.load()
        return await _answer(backend, options, question, output)
    except asyncio.CancelledError:
        console.write_diagnostic(tr("Stopped."))
        output.end_without_answer()
        return ExitCode.INTERRUPTED
    finally:
        output.stop = lambda: None
        await backend.aclose()


async def _answer(backend: Backend, options: Options, question: str, output: AnswerOutput) -> int:
    pages = pages_by_file(options.pages, options.file)
    values = await backend.values()
    await prefer_settings_of_template(backend, options)
    continued = await _continued(backend, options)
    profile, settings, choices, preset = await _choose(backend, options, values, output, continued)
    readable = (READ_SKILL,) if options.skill else ()  # who names a skill lets the model read it
    backend.consent.set_source(AllowedTools((*options.allow_tool, *readable)))
    if options.template:  # check it before reading the files, which may be slow
        await library_of(backend, options.template).fill(options.template, options.set, question)
    collections = await find_collections(backend, options.project_files)
    await refresh_files(backend, settings.collections)
    searched = (*collections, *settings.collections)
    await embed_missing(backend, searched, without_asking=options.create_embeddings)
    attached = await _read_files(backend, options)
    if searched or any(isinstance(each.document.part, DocumentPart) for each in attached):
        for choice in choices:
            await chosen_model.fetch_window_if_uncertain(backend, profile, choice)
    resolved_choices = [backend.chat.resolve(profile, choice) for choice in choices]
    null_store = None
    if not options.save:
        files = {d.sha256: AttachedFile(d.text, file) for _, file, d in attached}
        null_store = NullStore(files, options.json)
        service = backend.chat_with(null_store, null_store)
    else:
        service = backend.chat
        for _, file, document in attached:
            await backend.attachments.add_document(file, document)
    parts = [await sendable_part(document, pages.get(name, "")) for name, _, document in attached]
    draft = await _draft_of_question(backend, options, question, parts)
    draft = replace(draft, attachments=(*parts, *collections))
    conversation_id = new_id()
    if null_store is not None:
        conversation_id = unsaved_conversation_id(settings.counted_instructions, parts, draft.text)
    created_at = now()
    path: list[Message] = []
    conversation = Conversation(
        conversation_id,
        title="",
        created_at=created_at,
        updated_at=created_at,
        choice=choices[0],
        folder_id=settings.folder_id or None,
    )
    if continued is not None:
        conversation = replace(continued, choice=choices[0])
        path = await backend.conversations.path(continued.id)
    conversation = with_kept_settings(conversation, options, preset)
    # With tools, the model can read the rest of documents that do not fit.
    if attached and settings.parameters.tools and not options.in_parts:
        for resolved in resolved_choices:
            draft = await _fit(service, draft, resolved, settings, in_parts=False)
    if options.in_parts:  # show the cost of long documents before anything is sent
        draft = await _fit(service, draft, resolved_choices[0], settings, in_parts=True)
    try:
        compared = [(profile, choice) for choice in choices] if options.compare else []
        run = await service.begin(conversation, path, draft, profile, settings, compared=compared)
    except DocumentDoesNotFitError as error:
        if not options.in_parts:
            raise error.with_hint(N_("Use “repartee summarize” for long documents.")) from error
        raise
    runs = [run, *run.siblings]
    notices = (notice for each in runs for notice in each.answer.notices)
    for notice in dict.fromkeys(notice for notice in notices if not is_form_notice(notice)):
        console.write_note(str(notice))
    code = await _run_answers(backend, runs, output, null_store)
    # Once for each month and limit of the provider.
    month = await backend.budget.month_to_warn_of(profile)
    if month is not None and month.cap is not None:
        spent = formatting.money(month.spent)
        limit = formatting.money(month.cap)
        console.write_diagnostic(
            tr(NEAR_LIMIT, spent=spent, limit=limit, provider=profile.short_name)
        )
    return code or (ExitCode.FAILED if len(attached) < len(options.file) else 0)


class _ReadFile(NamedTuple):
    name: str
    path: Path
    document: ExtractedDocument


async def _read_files(backend: Backend, options: Options) -> list[_ReadFile]:
    """Return the documents; of several to summarize, without those that cannot be read.

    One damaged file among hundreds stops no summary: each is named on standard error.

    Raises:
        DocumentError: the only file cannot be read, or none of several to summarize.
    """
    files = []
    errors = []
    for name in options.file:
        path = expand_path(name)
        try:
            files.append(_ReadFile(name, path, await extract_file(backend, path)))
        except DocumentError as error:
            if options.command != "summarize" or len(options.file) == 1:
                raise
            errors.append(error)
            console.write_diagnostic(console.terminal_error_text(error))
    if errors and not files:
        raise DocumentError(N_("None of the files can be sent."))
    return files


async def _continued(backend: Backend, options: Options) -> Conversation | None:
    """Return the conversation to continue, whose model answers unless the options name another."""
    if options.conversation:
        conversation = await find_conversation(backend, options.conversation)
    elif options.continued:
        conversations = await backend.conversations.all()
        if not conversations:
            raise IllegalChoiceError(N_("There is no conversation to continue."))
        conversation = conversations[0]
    else:
        return None
    options.save = True
    choice = conversation.choice
    if not any((options.provider, options.model, options.variant, options.preset)):
        options.provider = choice.provider_id or None
        options.variant = choice.variant.value if choice.variant else None
        options.model = None if choice.variant else choice.model or None
        if options.effort is None and choice.effort is not None:
            options.effort = choice.effort.value
            options.has_preset_effort = True
    return conversation


async def _choose(
    backend: Backend,
    options: Options,
    values: Mapping[str, Any],
    output: AnswerOutput,
    continued: Conversation | None,
) -> tuple[ProviderProfile, AskSettings, list[ModelChoice], Prompt | None]:
    """Return the provider, the settings, the choice of each answer, the preset; send no question.

    Args:
        continued: the conversation to continue.

    Raises:
        IllegalChoiceError: an option names something unknown, or the model does not support it.
        UserFacingError: the provider's models are needed, and it cannot be reached or refuses.
    """
    provider = await chosen_model.find_profile(backend, options.provider)
    output.is_from_environment = provider.from_environment
    preset = await apply_preset(backend, options)
    folder = await apply_folder(backend, options, continued.folder_id if continued else None)
    if options.research and not options.effort:
        options.effort = Effort.HIGH.value
        options.has_preset_effort = True  # the nearest that the model takes
    settings = settings_of(values, options, preset, folder, continued)
    settings = replace(settings, notes=await notes_in(backend, settings.folder_id))
    settings = with_form(_with_tools(settings, options), options)
    compared = [chosen_model.options_for(options, spec) for spec in options.compare]
    provider = await chosen_model.find_profile(
        backend, options.provider
    )  # the preset may name another
    output.is_from_environment = provider.from_environment
    profile = await chosen_model.answering_profile(backend, options, compared)
    compared = compared or [options]
    choices = [await chosen_model.choice_of(backend, profile, each) for each in compared]
    models = backend.providers.models_of(profile)
    for answer_options, choice in zip(compared, choices, strict=True):
        effort = chosen_model.required_effort(answer_options, choice)
        require_supported(backend.chat.resolve(profile, choice), effort, models)
    for choice in choices:
        await chosen_model.fetch_price_if_unknown(backend, profile, choice)
        if note := shutdown_note(models, backend.chat.resolve(profile, choice)):
            console.write_note(note)
    tools = settings.parameters.tools
    for resolved in [backend.chat.resolve(profile, choice) for choice in choices]:
        if options.in_parts:
            require_summarizer(resolved)
        if settings.grammar is not None:
            require_grammar_support(settings.grammar, resolved)
        if tools:  # listing the tools loads the modules of all tools
            await require_tools(backend, tools, resolved, is_saved=options.save)
    await require_known_tools(backend, options.allow_tool, tools)
    if profile.monthly_cap is not None and (error := backend.database.drops_writes_because):
        raise error  # a cost that is not recorded would escape the limit
    return profile, settings, choices, preset


def _with_tools(settings: AskSettings, options: Options) -> AskSettings:
    """Return the settings with only the command line's tools, and its limit of rounds."""
    servers = tuple(f"{name}/{ALL_TOOLS}" for name in options.mcp)
    skills = tuple(SKILL_PREFIX + name for name in options.skill)
    parameters = replace(settings.parameters, tools=(*options.tool, *skills, *servers))
    settings = replace(settings, parameters=parameters)
    if options.research:
        # Not in the background: this process waits for it, and the provider would store it.
        # The effort is in the options.
        settings = replace(settings.for_research(least_effort=None), background=False)
    limits = settings.limits
    if options.max_rounds is not None:
        limits = limits._replace(rounds=options.max_rounds)
    return replace(settings, limits=limits)


async def sendable_part(document: ExtractedDocument, pages: str) -> DocumentPart | ImagePart:
    """Return a file as it is sent: only `pages`, or all if "". Raises IllegalChoiceError."""
    return await with_pages(document.part, document.text, pages) if pages else document.part


async def _fit(
    service: ChatService,
    draft: Draft,
    resolved: ResolvedChoice,
    settings: AskSettings,
    *,
    in_parts: bool,
) -> Draft:
    """Return the draft, changed if its documents are too large for the model.

    They are reduced to their beginnings, or if `in_parts`, which also shows the cost, read in
    parts.
    """
    context = SendContext([], resolved, settings=settings)
    context = await service.with_tools_and_form(context, draft.template_id)
    estimator = service.estimator.for_sending()
    if not in_parts:
        return await estimator.reduce_to_beginnings(context, draft, settings.parameters.tools)
    estimate = await estimator.estimate(context, draft)
    try:
        estimator.require_fit(draft, estimate, resolved)
    except DocumentDoesNotFitError:
        return await _in_parts(service, draft, resolved, settings)
    console.write_note(_input_text(estimate.for_answers(settings.parameters.candidates)))
    _write_method(estimate.method)
    return draft


def _write_method(method: CountMethod) -> None:
    """Report how tokens were counted, unless the model's own tokenizer counted them."""
    if method is not CountMethod.TOKENIZER:
        console.write_note(tr(COUNT_DESCRIPTIONS[method]))


def _input_text(estimate: Estimate) -> str:
    """Return the size of the input, and its cost if known."""
    tokens = formatting.number(estimate.input_tokens * estimate.answers)
    if not estimate.is_exact:
        tokens = tr("about {tokens}", tokens=tokens)
    if not estimate.input_cost:
        return tr("Input tokens: {tokens}", tokens=tokens)
    cost = formatting.money(estimate.input_cost)
    return tr("Input tokens: {tokens}, about {cost}", tokens=tokens, cost=cost)


async def _in_parts(
    service: ChatService, draft: Draft, resolved: ResolvedChoice, settings: AskSettings
) -> Draft:
    """Return the draft with its documents set to be read in parts; show the plan and its cost."""
    attachments = tuple(
        replace(part, in_parts=True) if isinstance(part, DocumentPart) else part
        for part in draft.attachments
    )
    documents = [part for part in attachments if isinstance(part, DocumentPart)]
    plan = await service.chunked_reader.plan(documents, draft.text, resolved, settings)
    sentences = [
        tr_plural(
            "Too large for {model}. Reading {count} part, about {tokens} input tokens.",
            "Too large for {model}. Reading {count} parts, about {tokens} input tokens.",
            plan.calls,
            model=resolved.model.name,
            tokens=formatting.number(plan.input_tokens),
        )
    ]
    if plan.cached_calls:
        sentences.append(
            tr_plural(
                "{count} part was read before.",
                "{count} parts were read before.",
                plan.cached_calls,
            )
        )
    if plan.cost_text:
        sentences.append(tr("Cost: {cost}", cost=plan.cost_text))
    console.write_note(paragraph(*sentences))
    _write_method(plan.method)
    return replace(draft, attachments=attachments)


async def _run_answers(
    backend: Backend, runs: Sequence[AnswerRun], output: AnswerOutput, null_store: NullStore | None
) -> int:
    await output.run(runs)
    if error := backend.database.drops_writes_because:
        console.write_note(tr("The cost wasn’t recorded: {reason}", reason=str(error)))
    first, question = runs[0], runs[0].question
    store = null_store or backend.attachments
    parts = [part for run in runs for part in run.answer.parts if isinstance(part, DocumentPart)]
    output.close(
        await _with_total_usage(backend, first.answer),
        conversation_id=first.conversation.id if null_store is None else None,
        passages=passages_json(question),
        made=[await _made_fields(run.answer, store) for run in runs],
    )
    if null_store is None:
        for part in parts:
            place = backend.attachments.path(part.sha256)
            console.write_note(tr("{name} is saved as {path}", name=part.name, path=str(place)))
    for source in dict.fromkeys(s for run in runs for s in cited_sources(question, run.answer)):
        console.write_diagnostic(source)
    choice, answered_by = first.answer.choice, first.answer.answered_by
    if len(runs) == 1 and choice is not None and not is_same_model(choice.model, answered_by):
        console.write_note(tr("Answered by {model}.", model=answered_by))
    return output.exit_code


async def _made_fields(answer: Message, store: AttachmentSource) -> dict[str, Any]:
    """Return the images and files that an answer has made as JSON-ready values."""
    images: list[str] = []
    files: list[dict[str, str]] = []
    for part in answer.parts:
        if isinstance(part, ImagePart | DocumentPart):
            data = b64encode(await store.bytes(part.sha256)).decode()
            if isinstance(part, ImagePart):
                images.append(f"data:{part.media_type};base64,{data}")
            else:
                files.append({"name": part.name, "base64": data})
    return {"images": images, "files": files}


async def _with_total_usage(backend: Backend, answer: Message) -> Message:
    """Return the answer with the usage and cost of all its calls, including reading in parts."""
    try:
        spent = await backend.ledger.answer_spending(answer.conversation_id, answer.id)
    except StorageError:
        return answer
    if spent.calls < 2:
        return answer
    has_usage = spent.usage != Usage()  # False if the provider reported none
    usage = spent.usage if has_usage else answer.usage
    cost = None if spent.uncounted else spent.cost
    return replace(answer, usage=usage, cost=cost, cost_is_estimated=bool(spent.estimated))


def unsaved_conversation_id(
    instructions: str, attachments: Iterable[DocumentPart | ImagePart], question: str
) -> str:
    """Return an id for a conversation that is not saved.

    It is a hash of the instructions and attachments, or of the question if there are neither. The
    provider's cache key and the tags around documents are made from the id. So questions about the
    same documents begin with the same bytes, which the provider's cache can serve.
    """
    hashes = [part.sha256 for part in attachments]
    lone_question = "" if instructions or hashes else question
    content = json.dumps([instructions, hashes, lone_question])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]


async def extract_file(backend: Backend, path: Path) -> ExtractedDocument:
    """Return the document in a file; write the reader's note, if any, to standard error."""
    reporter = console.ProgressReporter(path.name or str(path))

    def show(progress: Progress) -> None:
        reporter.show(progress.done, progress.total or None)

    document = await password_prompt.extract(backend.documents, path, show)
    if document.note:
        console.write_diagnostic(f"{document.name}: {document.note}")
    return document


class AttachedFile(NamedTuple):
    """A file that is sent with a question that is not saved."""

    text: str
    path: Path


@dataclass(frozen=True)
class NullStore:
    """Store of messages and attachments that stores nothing.

    Attributes:
        files: the attached files by their SHA-256.
        keeps_images: True to keep generated images, in memory, for the JSON.
    """

    files: dict[str, AttachedFile]
    keeps_images: bool = False
    _images: dict[str, bytes] = field(default_factory=dict)

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        """Do nothing."""

    async def save_answer(self, answer: Message) -> None:
        """Do nothing."""

    async def add_image(self, _answer: Message, data: bytes) -> ImagePart | None:
        """Keep a generated image for the JSON, or return None."""
        image = generated_image(data) if self.keeps_images else None
        if image is not None:
            self._images[image.sha256] = data
        return image

    async def add_file(self, _answer: Message, name: str, data: bytes) -> DocumentPart | None:
        """Keep a file of an answer for the JSON, or return None."""
        if not self.keeps_images:
            return None
        sha256 = hashlib.sha256(data).hexdigest()
        self._images[sha256] = data
        return DocumentPart(sha256, name, UNREAD, len(data))

    async def text(self, sha256: str) -> str:
        """Return the text of a document of this run."""
        return self.files[sha256].text

    async def bytes(self, sha256: str) -> bytes:
        """Return the bytes of an attached file, if it is unchanged since its text was read.

        Raises:
            DocumentError: it has changed or is gone.
        """
        if sha256 in self._images:
            return self._images[sha256]
        path = self.files[sha256].path
        try:
            data = await asyncio.to_thread(_read_file, path)
        except (OSError, RefusedFileError):
            data = b""  # its hash differs, too
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DocumentError(
                N_("“{name}” changed while Repartee was reading it."),
                hint=N_("Send the message again."),
                name=path.name,
            )
        return data


def _read_file(path: Path) -> bytes:
    with open_file(path) as file:
        return file.read()
