"""`repartee transcribe`: what is said in sound and video files, as text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from desktop_app.cli import console
from desktop_app.cli.command_setup import (
    cancel_at_signals,
    error_exit_code,
    expand_path,
    open_backend,
    run_command,
)
from desktop_app.documents.worker.source_files import read_file
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.voice.transcription.transcription import StoppedTranscriptError

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from desktop_app.backend.backend import Backend
    from desktop_app.cli.command_line import Options
    from desktop_app.voice.transcription.transcription import Transcript


def run_transcribe(options: Options) -> int:
    """Run the command; return the exit code."""
    return run_command(_transcribe(options), options)


async def _transcribe(options: Options) -> int:
    cancel_at_signals()
    results: list[dict[str, Any]] = []
    async with open_backend() as backend:

        async def ask(sentence: str, price: str) -> bool:
            question = tr("{sentence} {price} Send it?", sentence=sentence, price=price)
            return options.yes or await console.confirm(question, default=False)

        backend.ask_about_voice = ask
        try:
            for name in options.files:
                await _transcribe_file(backend, expand_path(name), options, results)
        except UserFacingError as error:
            if not (options.json and results):
                raise
            note = note_from_error(error)
            console.write_diagnostic(console.terminal_error_text(note))
            console.write_json([*results, {"error": console.error_fields(note)}])
            return error_exit_code(error)
    if options.json:
        console.write_json(results)
    return 0


async def _transcribe_file(
    backend: Backend, path: Path, options: Options, results: list[dict[str, Any]]
) -> None:
    """Write what is said in a file, or add it to the results; also a part before an error."""
    reporter = console.ProgressReporter(path.name, in_lines=options.progress)

    def show(done: float, total: float) -> None:
        reporter.show(round(done), round(total) or None)

    def put(transcript: Transcript) -> None:
        console.clear_progress()
        if options.json:
            results.append(_fields(path, transcript))
        else:
            write_transcript(path, transcript, is_named=len(options.files) > 1)

    data = await asyncio.to_thread(read_file, path, backend.documents.limits)
    transcribe = backend.transcription.transcribe_recording
    try:
        put(await transcribe(path.name, data, show, options.language, options.by or ""))
    except StoppedTranscriptError as error:
        put(error.transcript)
        raise


def write_transcript(path: Path, transcript: Transcript, *, is_named: bool) -> None:
    """Write what is said in a recording, and on standard error what that cost."""
    if is_named:
        console.write_line(f"{console.clean_line(path.name)}:")
    console.write_lines(transcript.text)
    console.write_note(_cost_text(transcript.model, transcript.cost))


def _cost_text(model: str, cost: Decimal | None) -> str:
    if cost is None:
        return tr("Transcribed by {model}. The cost is unknown.", model=model)
    if not cost:
        return tr("Transcribed by {model} on this computer.", model=model)
    return tr("Transcribed by {model} for {cost}.", model=model, cost=formatting.money(cost))


def _fields(path: Path, transcript: Transcript) -> dict[str, Any]:
    return {
        "file": str(path),
        "seconds": transcript.seconds,
        "model": transcript.model,
        "cost": None if transcript.cost is None else str(transcript.cost),
        "segments": msgspec.to_builtins(transcript.segments),
        "text": " ".join(segment.text for segment in transcript.segments),
    }
