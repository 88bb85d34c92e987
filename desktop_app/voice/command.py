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
from desktop_app.voice.consent import VoiceConsent
from desktop_app.voice.services import transcription
from desktop_app.voice.transcription.transcription import BY_PROVIDER, SPEAKERS, Transcript
from desktop_app.writers.subtitles import line_of, subtitles

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from desktop_app.backend.backend import Backend
    from desktop_app.cli.command_line import Options


def run_transcribe(options: Options) -> int:
    return run_command(_transcribe(options), options)


async def _transcribe(options: Options) -> int:
    cancel_at_signals()
    results: list[dict[str, Any]] = []
    async with open_backend() as backend:

        async def ask(sentence: str, price: str) -> bool:
            question = tr("{sentence} {price} Send it?", sentence=sentence, price=price)
            return options.yes or await console.confirm(question, default=False)

        backend.of(VoiceConsent).ask = ask
        try:
            for name in options.files:
                await _transcribe_file(backend, expand_path(name), options, results)
        except asyncio.CancelledError:
            if options.json and results:
                console.write_json(results)
            raise
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
    """Write what is said in a file as it is heard, or add it to the results.

    What was heard before an error or a stop is written, too.
    """
    reporter = console.ProgressReporter(path.name, in_lines=options.progress)
    writer = TranscriptWriter(path, options)

    def show(heard: Transcript, total: float) -> None:
        writer.write(heard)
        reporter.show(round(heard.seconds), round(total) or None)

    data = await asyncio.to_thread(read_file, path, backend.documents.limits)
    try:
        await backend.of(transcription).transcribe_recording(
            path.name,
            data,
            show,
            options.language,
            BY_PROVIDER if options.speakers or options.model else options.by or "",
            model_name=options.model or (SPEAKERS if options.speakers else ""),
        )
    finally:
        console.clear_progress()
        if options.json and writer.heard.segments:
            results.append(_fields(path, writer.heard))
        writer.end()


class TranscriptWriter:
    """Writes the new segments of a growing transcript, and at its end what it costs.

    Attributes:
        heard: the transcript so far.
    """

    def __init__(self, path: Path, options: Options) -> None:
        self.heard = Transcript([], 0.0, "", None)
        self._name = console.clean_line(path.name) if len(options.files) > 1 else ""
        self._form = "json" if options.json else options.format
        self._written = 0

    def write(self, heard: Transcript) -> None:
        """Write what is new."""
        self.heard = heard
        new = heard.segments[self._written :]
        if self._form != "json" and new:
            if self._name and not self._written and self._form == "text":
                console.write_line(f"{self._name}:")
            if self._form == "text":
                console.write_lines("\n".join(map(line_of, new)))
            else:
                console.write(console.clean(subtitles(new, self._form, self._written + 1)))
        self._written += len(new)

    def end(self) -> None:
        """Write on standard error what it costs."""
        if self.heard.segments and self._form != "json":
            console.write_note(_cost_text(self.heard.model, self.heard.cost))


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
