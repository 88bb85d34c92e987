"""What the voice makes of the backend: services that transcribe and speak, recordings as texts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from desktop_app.documents.worker.pdf_reading import PartlyReadError
from desktop_app.documents.worker.protocol import Progress
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import ModelNotFoundError
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.audio import speech_models, tells_speakers, transcription_models
from desktop_app.providers.models.model_listing import info_at, with_listed_details
from desktop_app.voice.consent import VoiceConsent
from desktop_app.voice.core import HEARING_MODEL, SPEECH_MODEL
from desktop_app.voice.provider_calls import ProviderSpeech, VoiceCalls, VoiceModel
from desktop_app.voice.transcription.transcription import (
    SPEAKERS,
    StoppedTranscriptError,
    Transcription,
)

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.documents.worker.document_worker import OnProgress, Transcribe
    from desktop_app.providers.models.model_listing import ModelListing
    from desktop_app.voice.transcription.transcription import Transcript


def voice_calls(backend: Backend) -> VoiceCalls:
    """Return what sends voices, and texts to be spoken, to providers."""
    parts = (backend.gateway, backend.budget, backend.ledger, backend.settings)
    return VoiceCalls(*parts, lambda: backend.of(VoiceConsent).ask)


def transcription(backend: Backend) -> Transcription:
    find_model = partial(voice_model_of, backend, HEARING_MODEL, transcription_models)
    models = partial(backend.part, "model_store")
    return Transcription(backend.of(voice_calls), backend.notes, models, backend.values, find_model)


def provider_speech(backend: Backend) -> ProviderSpeech:
    find_model = partial(voice_model_of, backend, SPEECH_MODEL, speech_models)
    return ProviderSpeech(backend.of(voice_calls), find_model)


def transcribe(backend: Backend) -> Transcribe:
    async def read(
        name: str,
        media_type: str,
        data: bytes,
        on_progress: OnProgress | None,
        conversation_id: str,
    ) -> ExtractedDocument:
        reading = RecordingReading(backend, name, media_type, data, conversation_id)
        return await reading.read(on_progress)

    return read


async def voice_model_of(
    backend: Backend, setting: str, models: Callable[[ModelListing], list[str]], wanted: str = ""
) -> VoiceModel:
    """Return the model that transcribes or speaks.

    Args:
        setting: its value is the id of a provider and the name of a model, separated by a space;
            "" for the newest of the default provider.
        models: returns those of a listing that can, the newest last.
        wanted: a name in place of the setting's, or SPEAKERS.

    Raises:
        ModelNotFoundError: there is none.
        UserFacingError: the models could not be listed.
    """
    values = await backend.values()
    provider_id, _, chosen = str(values[setting]).partition(" ")
    profiles = {profile.id: profile for profile in await backend.providers.profiles()}
    profile = profiles.get(provider_id) or await backend.providers.default_profile(values)
    if profile.id != provider_id:
        chosen = ""  # its provider was removed
    if profile.kind is ProviderKind.ON_DEVICE:
        raise ModelNotFoundError(
            N_("There is no provider that could transcribe or speak."),
            hint=N_("Add one in {provider_page}."),
        )
    model = chosen if wanted in ("", SPEAKERS) else wanted
    listing = backend.listings.known_listing(profile)
    if not model or (wanted == SPEAKERS and not tells_speakers(model)):
        if listing is None or not backend.listings.is_fresh(profile):
            listing = await backend.listings.fetch(profile)
        found = [name for name in models(listing) if wanted != SPEAKERS or tells_speakers(name)]
        model = found[-1] if found else ""
    if not model:
        raise ModelNotFoundError(
            N_("{provider} lists no model that tells speakers apart.")
            if wanted == SPEAKERS
            else N_("{provider} lists no model for speech."),
            hint=N_("Choose another model in {advanced_page}, or one on this computer."),
            provider=profile.short_name,
        )
    info = with_listed_details(profile, info_at(profile, model, backend.catalog), listing)
    return VoiceModel(profile, model, info.price)


@dataclass
class RecordingReading:
    """A recording that is being read as a document: what is said, with time marks."""

    backend: Backend
    name: str
    media_type: str
    data: bytes
    conversation_id: str
    progress: str = ""
    _so_far: str = ""

    async def read(self, on_progress: OnProgress | None = None) -> ExtractedDocument:
        """Return the document.

        Raises:
            PartlyReadError: transcribing stopped after the first words.
            UserFacingError: it failed.
        """

        def show(heard: Transcript, total: float) -> None:
            if on_progress:
                on_progress(Progress(int(heard.seconds), int(total) or None, "second"))

        transcribe = self.backend.of(transcription).transcribe_recording
        try:
            found = await transcribe(
                self.name, self.data, show, conversation_id=self.conversation_id
            )
            self._so_far = found.text
        except StoppedTranscriptError as error:
            self._so_far = error.transcript.text
            self.progress = "{done} / {total}".format_map(error.params)
            raise PartlyReadError(self, error.message, error.hint, **error.params) from error
        return await self.finish()

    async def finish(self) -> ExtractedDocument:
        """Return the document of what was transcribed."""
        return ExtractedDocument(
            name=self.name,
            media_type=self.media_type,
            sha256=await asyncio.to_thread(lambda: hashlib.sha256(self.data).hexdigest()),
            size=len(self.data),
            text=self._so_far,
            pages=None,
            tokens=await self.backend.documents.count_tokens(self._so_far),
        )
