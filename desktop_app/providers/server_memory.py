"""The facts that replies have shown about a server: its API, its kind, windows and refusals.

They apply to every later request. New facts are stored as settings, and outlive the client.
Start-up imports this module, so it imports nothing that compiles patterns.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.model_facts import ServerKind
from desktop_app.domain.models.parameter_support import first_api

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REFUSALS_LIFETIME: Final = timedelta(days=30)
"""Refusals expire: a server may support more after an update."""
WINDOW_PREFIX: Final = "learnt.window."


class ServerMemory:
    """The known facts about the server of one profile.

    Args:
        settings: the stored facts, among other settings.
        write: sets a setting, in the background.

    Attributes:
        api: the API that a compatible server was found to speak; None if unknown.
        kind: the kind of server that its list of models showed; None if unknown.
        refused: the refused parameters by model, spelled as in negotiation.py.
        is_learning_api: True if the API is learned from replies, not given by the profile.
        has_answered: True if the address is known to belong to an API.
    """

    def __init__(
        self,
        profile: ProviderProfile,
        settings: Mapping[str, Any] | None = None,
        write: Callable[[str, object], None] = lambda _key, _value: None,
    ) -> None:
        settings = settings or {}
        self._profile = profile
        self._write = write
        self._is_compatible = profile.kind is ProviderKind.COMPATIBLE
        self._api_key = f"learnt.api.{profile.id}.{profile.base_url}"
        self._kind_key = f"learnt.server.{profile.id}.{profile.base_url}"
        self._refusals_key = f"learnt.refusals.{profile.id} {profile.base_url} "
        api = settings.get(self._api_key)
        kind = settings.get(self._kind_key)
        self.api = Api(api) if api in set(Api) else None  # another version may know others
        self.kind = ServerKind(kind) if kind in set(ServerKind) else None
        oldest_date = (datetime.now(UTC).date() - REFUSALS_LIFETIME).isoformat()
        self.refused = {
            key.removeprefix(self._refusals_key): frozenset(value["refused"])
            for key, value in settings.items()
            if key.startswith(self._refusals_key) and value["on"] >= oldest_date
        }
        self.is_learning_api = self._is_compatible and profile.api is None
        self.has_answered = self.api is not None
        self._without_responses: set[str] = set()
        self._with_responses_only: set[str] = set()
        self._answered: set[Api] = {self.api} if self.api else set()

    def first_api(self, info: ModelInfo) -> Api:
        """Return the API to try first."""
        if info.id in self._with_responses_only:
            return Api.RESPONSES
        lacks_responses = info.id in self._without_responses
        api = first_api(self._profile, info, self.api, lacks_responses=lacks_responses)
        # At an unknown server, Responses is tried first: its refusal leads to Chat Completions.
        # LiteLLM would refuse all requests for 5 s if the model behind it has no Responses.
        is_behind_litellm = self.kind is ServerKind.LITELLM and info.variant is None
        return api or (Api.CHAT_COMPLETIONS if is_behind_litellm else Api.RESPONSES)

    def can_fall_back(self, info: ModelInfo) -> bool:
        """Return True if Chat Completions may work instead of Responses.

        OpenAI offers both, so its refusal of Responses has another cause.
        """
        return (
            self._profile.api is None
            and self._profile.kind is not ProviderKind.OPENAI
            and info.apis != (Api.RESPONSES,)
        )

    def had_content_of(self, api: Api) -> bool:
        """Return True if content came through an API in place of which a web page has now come.

        After a second page without content between them, the API counts as unknown.
        """
        is_known = api in self._answered
        self._answered.discard(api)
        return is_known

    def record_responses_unavailable(self, model: str) -> None:
        """Remember that the model is not available through the Responses API."""
        self._without_responses.add(model)

    def record_responses_needed(self, model: str) -> None:
        """Remember that the model is available through the Responses API only."""
        self._without_responses.discard(model)
        self._with_responses_only.add(model)

    def record_api(self, api: Api) -> None:
        """Remember that content came through this API.

        The API itself is remembered only for compatible providers whose profile does not choose it.
        """
        self.has_answered = True
        self._answered.add(api)
        if self.is_learning_api and api is not self.api:
            self.api = api
            self._write(self._api_key, api.value)

    def record_kind(self, kind: ServerKind) -> None:
        """Remember the kind of the server."""
        self.kind = kind
        if self._is_compatible:
            self._write(self._kind_key, kind.value)

    def record_window(self, model: str, window: int) -> None:
        """Remember the context window that a compatible server named in a refusal, in tokens."""
        if self._is_compatible:
            self._write(window_key(self._profile, model), window)

    def refused_for(self, model: str) -> frozenset[str]:
        return self.refused.get(model, frozenset())

    def add_refusals(self, model: str, refusals: frozenset[str]) -> None:
        """Remember the parameters that the server refuses for a model."""
        self.refused[model] = self.refused_for(model) | refusals
        if self._profile.kind is not ProviderKind.ON_DEVICE:  # its address changes with every run
            today = datetime.now(UTC).date().isoformat()
            value = {"refused": sorted(self.refused[model]), "on": today}
            self._write(self._refusals_key + model, value)


def window_key(profile: ProviderProfile, model: str) -> str:
    """Return the settings key of the context window that a server named for a model."""
    return f"{WINDOW_PREFIX}{profile.id} {profile.base_url} {model}"
