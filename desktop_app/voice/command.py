"""`repartee transcribe`: what is said in sound and video files, as text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from desktop_app.cli import console
from desktop_app.cli.command_setup import cancel_at_signals, expand_path, open_backend, run_command
from desktop_app.documents.worker.source_files import read_file
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.voice.transcription.transcription import StoppedTranscriptError

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

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
        for name in options.files:
            path = expand_path(name)
            reporter = console.ProgressReporter(path.name, in_lines=options.progress)

            def show(done: float, total: float, reporter: Any = reporter) -> None:
                reporter.show(round(done), round(total) or None)

            data = await asyncio.to_thread(read_file, path, backend.documents.limits)
            try:
                transcript = await backend.transcription.transcribe_recording(
                    path.name, data, show, options.language, options.by or ""
                )
            except StoppedTranscriptError as error:
                console.clear_progress()
                write_transcript(path, error.transcript, is_named=len(options.files) > 1)
                raise
            console.clear_progress()
            if options.json:
                results.append(_fields(path, transcript))
            else:
                write_transcript(path, transcript, is_named=len(options.files) > 1)
    if options.json:
        console.write_json(results)
    return 0


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
