"""Speech to text, where the user chose it: by a model on this computer, or by the provider.

A provider gets a voice only after the user has agreed to it, once for each. Its calls are held
against the monthly cap and recorded in the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain.cost import CallUsage, sum_costs
from desktop_app.domain.errors import (
    DocumentEmptyError,
    DocumentError,
    LocalModelError,
    RateLimitedError,
    StorageError,
    UserFacingError,
    VoiceError,
)
from desktop_app.domain.network.origin import origin
from desktop_app.domain.speech_packages import can_transcribe_here
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.audio import Heard, Hints, tells_speakers, wav_file
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.voice.provider_calls import RECORDING_SENT, VOICE_SENT, VoiceCalls, VoiceModel
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND, SAMPLE_RATE
from desktop_app.voice.transcription.pieces import Piece
from desktop_app.voice.transcription.recordings import Sound, Task, Words, read_recording
from desktop_app.writers.subtitles import Segment, line_of, spread, time_mark

if TYPE_CHECKING:
    from desktop_app.local_model.store import LocalFile, ModelStore

BY_PROVIDER: Final = "provider"
"""The value of the setting `voice.transcriber` for the provider; "computer" is the other."""
SPEAKERS: Final = "speakers"
"""In place of a model's name: the newest that tells speakers apart."""
_AT_ONCE: Final = 4
"""Requests of a recording that wait for the provider together, once it has answered some."""
_TRUSTED: Final = 3
"""Answers after which it is sent several: with a wrong key, or a bad sound, one is enough."""
_MOST_S: Final = 36.0
"""Of a recording in one request: an hour takes 180 at most, as no piece is longer than 15 s."""
_CONTEXT: Final = 200
"""Characters of what was said before a request."""
_MOST_SPEAKERS: Final = 4
_SAMPLE_S: Final = (2.0, 10.0)
"""What OpenAI takes as the sample of a speaker's voice, in seconds."""

OnHeard = Callable[["Transcript", float], None]
"""Hears what was transcribed so far, and the seconds of the recording; 0 if unknown."""


class Transcript(NamedTuple):
    """What is said in a recording, and how long that is.

    Attributes:
        model: the name of the model that heard it.
        cost: US dollars; None if it is unknown.
    """

    segments: Sequence[Segment]
    seconds: float
    model: str
    cost: Decimal | None

    @property
    def text(self) -> str:
        """Return a line for each segment, with the time at which it begins."""
        return "\n".join(map(line_of, self.segments))


class _Kept(NamedTuple):
    """What was made of a part: its segments, what they cost, and the second where it ends.

    Attributes:
        after: the second where the part before it ends; None for the last one that was kept.
    """

    segments: list[Segment]
    cost: Decimal | None
    end: float
    after: float | None = None


class _Part(NamedTuple):
    """Pieces that are sent together, between the ends of the part before and of this one."""

    pieces: list[Piece]
    after: float
    end: float


class StoppedTranscriptError(DocumentError):
    """A recording was transcribed in part.

    Attributes:
        transcript: of this part, with the seconds that it takes.
        seconds: of the whole recording; 0 if unknown.
    """

    def __init__(
        self, name: str, transcript: Transcript, seconds: float, error: UserFacingError
    ) -> None:
        super().__init__(
            N_("Transcribing “{name}” stopped at {done} of {total}."),
            N_("Try again: it continues where it stopped."),
            details=error.details,
            name=name,
            done=time_mark(transcript.seconds),
            total=time_mark(seconds) if seconds else "?",
            words=error.what_happened,
        )
        self.transcript = transcript
        self.seconds = seconds


class Transcription:
    """Transcribes speech.

    Args:
        notes: keeps what was heard, so that nothing is paid or waited for twice.
        choose: returns the values of the settings.
        find_model: returns the provider's model, given a name in place of the setting's, or
            SPEAKERS; "" for the setting's. Raises UserFacingError.
    """

    def __init__(
        self,
        calls: VoiceCalls,
        notes: NoteStore,
        open_store: Callable[[], ModelStore | None],
        choose: Callable[[], Awaitable[Mapping[str, object]]],
        find_model: Callable[[str], Awaitable[VoiceModel]],
    ) -> None:
        self.calls = calls
        self._notes = notes
        self._open_store = open_store
        self._choose = choose
        self.find_model = find_model

    async def local_model(self, transcriber: str = "") -> LocalFile | None:
        """Return the model on this computer that transcribes; None if the provider does.

        Args:
            transcriber: instead of that of the settings.

        Raises:
            VoiceError: it should be on this computer, but packages are missing.
            LocalModelError: it should be on this computer, but none was downloaded.
        """
        values = await self._choose()
        if (transcriber or values["voice.transcriber"]) == BY_PROVIDER:
            return None
        if not can_transcribe_here():
            raise VoiceError(
                N_("This installation can’t transcribe on this computer."),
                hint=N_("Install Repartee as repartee[voice], or have the provider transcribe."),
            )
        store = await asyncio.to_thread(self._open_store)
        models = await asyncio.to_thread(store.speech_models) if store is not None else []
        chosen = [model for model in models if model.path == values["voice.model"]]
        if store is None or not models:
            raise LocalModelError(
                N_("No model that transcribes speech is on this computer."),
                hint=N_("Download Whisper in {models_window}, or have the provider transcribe."),
            )
        model = (chosen or models)[-1]  # the largest
        await asyncio.to_thread(store.remember_use, model.path)
        return model

    async def transcribe_recording(
        self,
        name: str,
        data: bytes,
        on_heard: OnHeard,
        language: str = "",
        transcriber: str = "",
        conversation_id: str | None = "",
        model_name: str = "",
    ) -> Transcript:
        """Return what is said in a sound or video file.

        Args:
            conversation_id: of the conversation with which the words are deleted; "" for none;
                None keeps no words.
            model_name: see `find_model`.

        Raises:
            StoppedTranscriptError: it failed later than the first words.
            DocumentError: it cannot be read, or nothing is said.
            VoiceError: packages are missing, or the user does not agree.
            UserFacingError: there is no model, or the provider failed.
        """
        local = await self.local_model(transcriber)
        found = Transcript([], 0.0, local.name if local else "", Decimal(0))
        seconds = 0.0
        source = local or await self.find_model(model_name)
        hints = Hints(language, str((await self._choose())["voice.words"]))
        notes = await self._notes_of(source, hints, data, conversation_id)
        try:
            async for found, seconds in self._heard(name, data, source, hints, notes):
                on_heard(found, seconds)
        except UserFacingError as error:
            if not found.segments:
                raise
            raise StoppedTranscriptError(name, found, seconds, error) from error
        if not found.segments:
            raise DocumentEmptyError(
                N_("Nothing is said in “{name}”."),
                hint=N_("Check that it is the right file."),
                name=name,
            )
        return found

    async def _notes_of(
        self, source: LocalFile | VoiceModel, hints: Hints, data: bytes, conversation_id: str | None
    ) -> _Notes:
        who = (
            f"{origin(source.profile.base_url)} {source.model}"
            if isinstance(source, VoiceModel)
            else source.path
        )
        heard_by = f"{who} {hints.language} {hints.words} ".encode()
        key = await asyncio.to_thread(lambda: sha256(heard_by + data).hexdigest())
        notes = _Notes(self._notes, key, conversation_id)
        if conversation_id is not None:
            await notes.load()
        return notes

    async def _heard(
        self, name: str, data: bytes, source: LocalFile | VoiceModel, hints: Hints, notes: _Notes
    ) -> AsyncGenerator[tuple[Transcript, float], None]:
        """Yield what was transcribed so far, and the seconds of the recording, 0 if unknown."""
        task = Task(language=hints.language, words=hints.words, start=notes.end)
        if isinstance(source, VoiceModel):
            model, provider = source.model, source
            task = replace(task, tells_speakers=tells_speakers(model))
        else:
            model, provider = source.name, None
            task = replace(task, model_folder=str(Path(source.path).parent))
        waiting: list[Piece] = []
        seconds = 0.0
        if notes.segments:
            yield notes.transcript(model), seconds
        async with aclosing(read_recording(name, data, task)) as replies:
            async for reply in replies:
                if isinstance(reply, Sound):
                    waiting.append(Piece(reply.start, reply.samples))
                elif isinstance(reply, Words):
                    await notes.add(_Kept(reply.segments, Decimal(0), reply.done))
                    yield notes.transcript(model), reply.total
                else:
                    seconds = reply.seconds
        if provider is not None and waiting:
            async for _ in self._send_pieces(provider, waiting, hints, notes):
                yield notes.transcript(model), seconds
        notes.close()
        yield notes.transcript(model)._replace(seconds=seconds), seconds

    async def _send_pieces(
        self, model: VoiceModel, waiting: Sequence[Piece], hints: Hints, notes: _Notes
    ) -> AsyncGenerator[None, None]:
        """Have a provider transcribe pieces, several at once, and yield when some are heard."""
        parts = _parts(waiting, notes, 0.0 if tells_speakers(model.model) else _MOST_S)
        spoken = sum(len(piece.samples) for part in parts for piece in part.pieces)
        cost = model.cost(model.hearing(spoken / BYTES_PER_SECOND))
        await self.calls.require_consent(model, RECORDING_SENT, cost)
        voices = _Voices(notes.segments)
        # Speakers are told by their voices in the parts before.
        most, answered = 1 if tells_speakers(model.model) else _AT_ONCE, 0
        running: dict[asyncio.Task[tuple[Heard, Decimal | None]], _Part] = {}
        failure: UserFacingError | None = None
        try:
            while running or (parts and failure is None):
                at_once = most if answered >= _TRUSTED else 1
                while parts and failure is None and len(running) < at_once:
                    part = parts.pop(0)
                    before = notes.words_before(part.pieces[0].start)
                    known = hints._replace(before=before, speakers=dict(voices.samples))
                    sound = b"".join(piece.samples for piece in part.pieces)
                    running[asyncio.create_task(self._send(model, sound, known))] = part
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    part = running.pop(task)
                    if isinstance(error := task.exception(), RateLimitedError) and most > 1:
                        most = 1
                        parts.insert(0, part)
                    elif isinstance(error, UserFacingError):  # what others cost is kept first
                        failure = failure or error
                    else:
                        heard, cost = task.result()
                        stretches = [(piece.start, piece.end) for piece in part.pieces]
                        said = voices.named(heard, part.pieces[0]) or spread(heard.text, stretches)
                        await notes.add(_Kept(said, cost, part.end, part.after))
                        answered += 1
                yield
            if failure is not None:
                raise failure
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def transcribe_sound(self, samples: bytes, language: str = "") -> str:
        """Return what was said into the microphone.

        Raises:
            UserFacingError: the user does not agree, there is no model, or it failed.
        """
        if await self.local_model() is not None:  # as the user chose after the provider failed
            with suppress(DocumentEmptyError):
                file = wav_file(samples)
                transcribe = self.transcribe_recording
                heard = await transcribe("", file, lambda *_: None, language, conversation_id=None)
                return " ".join(segment.text for segment in heard.segments)
            return ""
        model = await self.find_model("")
        cost = model.cost(model.hearing(len(samples) / BYTES_PER_SECOND))
        await self.calls.require_consent(model, VOICE_SENT, cost)
        hints = Hints(language, str((await self._choose())["voice.words"]))
        said, _ = await self._send(model, samples, hints)
        return said.text.strip()

    async def _send(
        self, model: VoiceModel, samples: bytes, hints: Hints
    ) -> tuple[Heard, Decimal | None]:
        """Transcribe one piece. Return what was heard and its cost."""
        taken = model.hearing(len(samples) / BYTES_PER_SECOND)

        async def request(provider: ProviderClient) -> tuple[Heard, CallUsage | None]:
            heard, usage = await provider.transcribe(model.model, samples, hints)
            if not model.is_by_tokens:
                return heard, usage if usage and usage.audio_seconds else taken
            return heard, usage if usage and usage.input_tokens else None

        return await self.calls.call(model, model.cost(taken), Purpose.TRANSCRIPTION, request)


class _Notes:
    """What was heard of a recording, kept piece by piece.

    FFmpeg never decodes a file to quite the same samples, so the keys have none: a later run begins
    where the last piece ends.

    Attributes:
        segments: so far.
        end: the second up to which they go.
        later: what was heard of later parts, by the end of the part before each.
    """

    def __init__(self, store: NoteStore, key: str, conversation_id: str | None) -> None:
        self._store = store
        self._key = key
        self._conversation_id = conversation_id
        self._count = 0
        self._cost: Decimal | None = Decimal(0)
        self.segments: list[Segment] = []
        self.end = 0.0
        self.later: dict[float, _Kept] = {}

    async def load(self) -> None:
        """Read what an earlier run has heard. Raises StorageError."""
        while (text := await self._store.get(f"{self._key} {self._count}")) is not None:
            self._append(msgspec.json.decode(text, type=_Kept))

    async def add(self, kept: _Kept) -> None:
        """Keep a piece; one that cannot be stored is heard again after a failure."""
        if self._conversation_id is not None:
            text = msgspec.json.encode(kept).decode()
            with suppress(StorageError):
                await self._store.put(f"{self._key} {self._count}", text, self._conversation_id)
        self._append(kept)

    def _append(self, kept: _Kept) -> None:
        self._count += 1
        self._cost = sum_costs([self._cost, kept.cost])
        self.later[self.end if kept.after is None else kept.after] = kept
        while (following := self.later.pop(self.end, None)) is not None:
            self.segments += following.segments
            self.end = following.end

    def close(self) -> None:
        """Add what follows a part in which nothing is heard any more."""
        for after in sorted(self.later):
            self.segments += self.later.pop(after).segments

    def words_before(self, second: float) -> str:
        """Return the last words before a second of the recording."""
        later = (each for _, kept in sorted(self.later.items()) for each in kept.segments)
        earlier = (each.text for each in (*self.segments, *later) if each.start < second)
        return " ".join(earlier)[-_CONTEXT:]

    def transcript(self, model: str) -> Transcript:
        return Transcript(self.segments, self.end, model, self._cost)


def _parts(waiting: Sequence[Piece], notes: _Notes, most_s: float) -> list[_Part]:
    """Return what is to be sent of a recording; nothing that was heard is sent again."""
    parts: list[_Part] = []
    pieces: list[Piece] = []
    after = notes.end

    def close(end: float) -> None:
        if pieces:
            parts.append(_Part(pieces.copy(), after, end))
            pieces.clear()

    for piece in waiting:
        middle = (piece.start + piece.end) / 2
        heard = ((start, kept.end) for start, kept in notes.later.items())
        start, end = next((each for each in heard if each[0] < middle < each[1]), (0.0, 0.0))
        if end:
            close(start)
            after = end
            continue
        if pieces and piece.end - pieces[0].start > most_s:
            end = pieces[-1].end
            close(end)
            after = end
        pieces.append(piece)
    close(pieces[-1].end if pieces else after)
    return parts


class _Voices:
    """The speakers of a recording by their numbers, with samples of their voices.

    A model calls them A, B and so on, each time again. With samples of the voices of those that it
    has heard in a piece it finds them in the next one; all others get further numbers.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._last = max((int(each.speaker or 0) for each in segments), default=0)
        self.samples: dict[str, bytes] = {}

    def named(self, heard: Heard, piece: Piece) -> list[Segment]:
        """Return what is said in a piece, by numbered speakers."""
        numbers = {name: name for name in self.samples}
        segments = []
        for part in heard.said:
            if not (text := " ".join(part.text.split())):
                continue
            if part.speaker not in numbers:
                self._last += 1
                numbers[part.speaker] = str(self._last)
            number = numbers[part.speaker]
            shortest, longest = _SAMPLE_S
            if number not in self.samples and len(self.samples) < _MOST_SPEAKERS:
                begin, end = part.start, min(part.end, part.start + longest)
                if end - begin >= shortest:
                    cut = slice(int(begin * SAMPLE_RATE) * 2, int(end * SAMPLE_RATE) * 2)
                    self.samples[number] = piece.samples[cut]
            start, end = piece.start + part.start, piece.start + part.end
            segments.append(Segment(round(start, 2), round(end, 2), text, number))
        return segments
