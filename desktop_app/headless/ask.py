"""`repartee ask`: an answer on standard output, everything else on standard error.

Exit codes: 0 for a whole answer, 1 when it failed or is not whole, 2 for a wrong command line or a
choice that the model does not take, 130 when interrupted.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.domain.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    new_id,
    now,
)
from desktop_app.domain.errors import IllegalChoiceError, StorageError, UserFacingError
from desktop_app.domain.events import Notice, RefusalDelta, StreamEvent, TextDelta, Waiting
from desktop_app.domain.model_catalog import Effort, Variant
from desktop_app.domain.parts import DocumentPart
from desktop_app.headless.backend import Backend, ask_settings, build_backend, use_weights
from desktop_app.services.choice import demand_legal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from desktop_app.documents.worker import ExtractedDocument, Progress
    from desktop_app.domain.chat_request import ProviderProfile
    from desktop_app.domain.reply import Reply
    from desktop_app.services.chat import ChatService

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED, EXIT_PIPE = 1, 2, 130, 141


def run_ask(options: argparse.Namespace) -> int:
    """Answer once; see the module's paragraph for the exit codes."""
    try:
        return asyncio.run(_ask(options))
    except IllegalChoiceError as error:
        return _report(error, options, EXIT_USAGE)
    except UserFacingError as error:
        return _report(error, options, EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has gone; what Python flushes at exit must not complain of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE


def _report(error: UserFacingError, options: argparse.Namespace, code: int) -> int:
    _say(error.sentences)
    if options.json:
        print(json.dumps({"status": "failed", "answer": "", "error": error.sentences}))
    return code


def _say(text: str) -> None:
    print(f"repartee: {text}", file=sys.stderr, flush=True)


async def _ask(options: argparse.Namespace) -> int:
    prompt = _prompt(options.prompt)
    if not prompt.strip() and not options.file:
        raise IllegalChoiceError("There is no question.", what_to_do='Try: repartee ask "Hello"')
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    backend = build_backend()
    try:
        await backend.database.open()
        use_weights(backend, await backend.settings.all())
        return await _answer(backend, options, prompt)
    except asyncio.CancelledError:
        return EXIT_INTERRUPTED
    finally:
        await backend.aclose()


def _prompt(argument: str | None) -> str:
    if argument not in (None, "-"):
        return argument or ""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "replace")


async def _answer(backend: Backend, options: argparse.Namespace, prompt: str) -> int:
    values = await backend.values()
    profile = await _profile(backend, options.provider)
    conversation = _conversation(await _choice(backend, profile, options))
    resolved = backend.chat.resolve(profile, conversation.choice)
    demand_legal(resolved, conversation.choice.effort if options.effort else None)
    paths = [Path(name) for name in options.file]
    attached = [(path, await _extract(backend, path)) for path in paths]
    service = await _service(backend, options.save, attached)
    draft = Draft(prompt, tuple(_part(document) for _, document in attached))
    began = await service.begin(conversation, [], draft, profile, ask_settings(values))
    printer = _Printer(quiet=options.json)
    answer = await began.run(printer.listen, printer.on_store)
    printer.end()
    return _close(answer, options, kept=began.conversation.id if options.save else None)


async def _profile(backend: Backend, name: str | None) -> ProviderProfile:
    profiles = await backend.profiles()
    if name is None:
        return await backend.default_profile(profiles, await backend.values())
    wanted = name.casefold().replace("_", "-")
    for profile in profiles:
        names = (profile.id, profile.id.removeprefix("env-"), profile.name, profile.kind.value)
        if wanted in (known.casefold().replace("_", "-") for known in names):
            return profile
    known = ", ".join(profile.id for profile in profiles)
    raise IllegalChoiceError(f"There is no provider “{name}”.", what_to_do=f"There are: {known}.")


async def _choice(
    backend: Backend, profile: ProviderProfile, options: argparse.Namespace
) -> ModelChoice:
    choice = backend.default_choice(profile, await backend.values())
    effort = Effort(options.effort) if options.effort else choice.effort
    if options.model and options.variant:
        raise IllegalChoiceError("A variant and a model exclude each other.")
    if options.model:
        return ModelChoice(profile.id, options.model, None, effort if options.effort else None)
    if options.variant and not profile.serves_the_family:
        raise IllegalChoiceError(
            f"{profile.name} does not serve the GPT-5.2 variants.",
            what_to_do="Name another --provider, add a key in the window, or set OPENAI_API_KEY.",
        )
    if not choice.model and choice.variant is None:
        raise IllegalChoiceError(
            f"No model is known for {profile.name}.", what_to_do="Name one with --model."
        )
    variant = Variant(options.variant) if options.variant else choice.variant
    return replace(choice, variant=variant, effort=effort)


def _conversation(choice: ModelChoice) -> Conversation:
    moment = now()
    return Conversation(new_id(), "", moment, moment, choice)


async def _extract(backend: Backend, path: Path) -> ExtractedDocument:
    def show(progress: Progress) -> None:
        total = f" of {progress.total}" if progress.total else ""
        if sys.stderr.isatty():
            print(f"\r{path.name}: {progress.unit} {progress.done}{total}", end="", file=sys.stderr)

    document = await backend.documents.extract(path, show)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if document.note:
        _say(f"{document.name}: {document.note}")
    return document


def _part(document: ExtractedDocument) -> DocumentPart:
    return DocumentPart(
        document.sha256,
        document.name,
        document.media_type,
        document.size,
        document.pages,
        document.tokens,
    )


async def _service(
    backend: Backend, save: bool, attached: Sequence[tuple[Path, ExtractedDocument]]
) -> ChatService:
    if not save:
        unkept = _Unkept({document.sha256: document.text for _, document in attached})
        return backend.chat_with(unkept, unkept)
    for path, document in attached:
        await backend.attachments.add(
            path,
            sha256=document.sha256,
            name=document.name,
            media_type=document.media_type,
            text=document.text,
            pages=document.pages,
            tokens=document.tokens,
        )
    return backend.chat


@dataclass(frozen=True)
class _Unkept:
    """Keeps nothing: satisfies the Protocols of the message and the attachment store."""

    texts: dict[str, str]

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, answer: Message
    ) -> None:
        """Nothing to keep."""

    async def save_answer(self, answer: Message) -> None:
        """Nothing to keep."""

    async def text(self, sha256: str) -> str:
        """The text of a document of this run."""
        return self.texts[sha256]

    async def bytes(self, sha256: str) -> bytes:
        """The text's bytes: originals are not kept."""
        return self.texts[sha256].encode()


class _Printer:
    """The answer to standard output as it comes, notices to standard error."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._last = "\n"

    def listen(self, event: StreamEvent, _reply: Reply) -> None:
        """Print one event."""
        match event:
            case TextDelta(text) | RefusalDelta(text) if not self._quiet:
                sys.stdout.write(text)
                sys.stdout.flush()
                self._last = text[-1:] or self._last
            case Notice(text):
                _say(text)
            case Waiting(seconds, reason) if seconds:
                _say(f"{reason} Trying again in {seconds:.0f} s.")

    def on_store(self, error: StorageError | None) -> None:
        """Say that something could not be kept."""
        if error is not None:
            _say(error.sentences)

    def end(self) -> None:
        """End the last line of the answer."""
        if not self._quiet and self._last != "\n":
            sys.stdout.write("\n")
            sys.stdout.flush()


def _close(answer: Message, options: argparse.Namespace, kept: str | None) -> int:
    if answer.error is not None:
        said = (answer.error.what_happened, answer.error.what_was_kept, answer.error.what_to_do)
        _say(" ".join(sentence for sentence in said if sentence))
    if options.json:
        print(json.dumps(_as_json(answer, kept), ensure_ascii=False))
    return 0 if answer.status is MessageStatus.COMPLETE else EXIT_FAILED


def _as_json(answer: Message, kept: str | None) -> dict[str, Any]:
    choice, usage = answer.choice, answer.usage
    return {
        "answer": answer.text,
        "status": answer.status.value,
        "provider": choice.provider_id if choice else None,
        "model": choice.model if choice else None,
        "variant": choice.variant.value if choice and choice.variant else None,
        "effort": choice.effort.value if choice and choice.effort else None,
        "usage": {
            "input_tokens": usage.input_tokens,
            "cached_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        }
        if usage
        else None,
        "cost_usd": str(answer.cost) if answer.cost is not None else None,
        "duration_s": round(answer.duration_s or 0.0, 3),
        "notices": list(answer.notices),
        "error": answer.error.what_happened if answer.error else None,
        "conversation_id": kept,
    }
