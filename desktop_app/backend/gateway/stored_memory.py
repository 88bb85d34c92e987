"""Facts that replies show about a server, stored in the settings: API, kind, refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.providers.apis.server_memory import ServerMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


REFUSALS_LIFETIME: Final = timedelta(days=30)
WINDOW_PREFIX: Final = "learnt.window."


@dataclass(frozen=True, kw_only=True)
class StoredMemory(ServerMemory):
    """The facts that replies have shown about the server of one profile.

    Attributes:
        write: sets a setting, in the background.
    """

    profile: ProviderProfile
    write: Callable[[str, object], None] = field(repr=False)

    @classmethod
    def from_settings(
        cls,
        profile: ProviderProfile,
        settings: Mapping[str, Any],
        write: Callable[[str, object], None],
    ) -> Self:
        """Return the facts that the settings have about the server of `profile`."""
        api = settings.get(_key("api", profile))
        kind = settings.get(_key("server", profile))
        return cls(
            api=Api(api) if api else None,
            refusals=_stored_refusals(profile, settings),
            kind=ServerKind(kind) if kind else None,
            profile=profile,
            write=write,
        )

    def remember_api(self, api: Api) -> None:
        """Store the API of the address."""
        self.write(_key("api", self.profile), api.value)

    def remember_refusals(self, model: str, refused: frozenset[str]) -> None:
        """Store the refused parameters of a model with today's date."""
        if self.profile.kind is not ProviderKind.ON_DEVICE:  # its address changes with every run
            value = {"refused": sorted(refused), "on": datetime.now(UTC).date().isoformat()}
            self.write(_refusals_key(self.profile) + model, value)

    def remember_kind(self, kind: ServerKind) -> None:
        """Store the kind of a compatible server."""
        if self.profile.kind is ProviderKind.COMPATIBLE:
            self.write(_key("server", self.profile), kind.value)

    def remember_window(self, model: str, window: int) -> None:
        """Store the window of a model at a compatible server."""
        if self.profile.kind is ProviderKind.COMPATIBLE:
            self.write(window_key(self.profile, model), window)


def _key(fact: str, profile: ProviderProfile) -> str:
    """Return the settings key of a fact about the server at a profile's address."""
    return f"learnt.{fact}.{profile.id}.{profile.base_url}"


def window_key(profile: ProviderProfile, model: str) -> str:
    """Return the settings key of the context window that a server named for a model."""
    return f"{WINDOW_PREFIX}{profile.id} {profile.base_url} {model}"


def _refusals_key(profile: ProviderProfile) -> str:
    """Return the prefix of the settings keys for refused parameters of a server's models."""
    return f"learnt.refusals.{profile.id} {profile.base_url} "


def _stored_refusals(
    profile: ProviderProfile, settings: Mapping[str, Any]
) -> dict[str, frozenset[str]]:
    """Return the refused parameters by model.

    Old entries expire: a server may support more after an update, and OpenAI once the user's
    organization is verified.
    """
    oldest_date = (datetime.now(UTC).date() - REFUSALS_LIFETIME).isoformat()
    prefix = _refusals_key(profile)
    return {
        key.removeprefix(prefix): frozenset(value["refused"])
        for key, value in settings.items()
        if key.startswith(prefix) and value["on"] >= oldest_date
    }
