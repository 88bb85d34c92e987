"""The sentences on settings that a model does not support, or supports only through one API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.models.parameter_support import ParameterNote, ParameterRefusal
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.models.model_catalog import ModelInfo


def refusal_text(refusal: ParameterRefusal, model: ModelInfo) -> str:
    """Return why a model does not support a setting, in a sentence."""
    match refusal:
        case ParameterRefusal.NOT_SUPPORTED:
            return tr("{model} doesn’t support this setting.", model=model.name)
        case ParameterRefusal.NEEDS_EFFORT:
            efforts = [tr(effort.label) for effort in model.sampling_efforts or ()]
            return tr(
                "{model} supports this setting only with effort set to {efforts}.",
                model=model.name,
                efforts=formatting.joined(efforts),
            )
        case ParameterRefusal.NOT_IN_RESPONSES:
            return tr("Not available in the Responses API, which {model} uses.", model=model.name)
        case ParameterRefusal.NOT_IN_CHAT_COMPLETIONS:
            return tr("Not available in Chat Completions, which {model} uses.", model=model.name)
        case ParameterRefusal.NO_REASONING:
            return tr("{model} doesn’t reason before it responds.", model=model.name)
        case ParameterRefusal.LOCAL_MODEL:
            return tr("Local models have a single service tier.")


def note_text(note: ParameterNote, profile: ProviderProfile) -> str:
    """Return a sentence on a setting that only one of the APIs supports."""
    match note:
        case ParameterNote.CHAT_COMPLETIONS_ONLY:
            return tr("Sent only if {provider} uses Chat Completions.", provider=profile.name)
        case ParameterNote.RESPONSES_ONLY:
            return tr("Sent only if {provider} uses the Responses API.", provider=profile.name)
