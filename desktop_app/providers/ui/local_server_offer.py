"""Offers the model servers that run on this computer, on the first screen and in a note."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.app.session import Controller
from desktop_app.app.window.empty_state import MAX_SERVERS, Offer
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.network.network_address import is_loopback, split_url
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.providers.local_servers import FoundServer

_TOPIC: Final = "local-servers"


class LocalServerOffer(Controller):
    """The search for servers at the first start, and whenever a provider was added."""

    async def look_at_first_start(self) -> None:
        """Offer servers on the first screen if there is no conversation and no provider yet."""
        is_first = self._providers.default.kind is ProviderKind.ON_DEVICE
        if is_first and not await self._conversations.recent(1):
            self._window.empty_state.set_servers(self._offers(await self._find()))

    async def look_after_adding(self) -> None:
        """Offer other servers in a note."""
        servers = await self._find()
        if servers:
            message = tr("More models were found on this computer.")
            self._notifications.notify(message, actions=self._offers(servers), topic=_TOPIC)

    async def use(self, server: FoundServer) -> None:
        """Add a server, and use its model now and in new conversations. Raises StorageError."""
        profile = server.profile
        self._window.empty_state.set_servers(())
        await self._providers.save(profile)
        await self._session.new_conversation.set_default("default.provider", profile.id)
        self._setup.choose(ModelChoice(profile.id, profile.models[0], None, None))
        self._prompt.focus_text()
        await self._providers.refresh_listing(profile)

    async def _find(self) -> list[FoundServer]:
        """Return the servers that are no providers yet, MAX_SERVERS at most."""
        from desktop_app.providers.local_servers import find_local_servers

        addresses = [split_url(profile.base_url) for profile in self._providers.all]
        known_ports = {each.port for each in addresses if is_loopback(each.hostname or "")}
        servers = await find_local_servers(self._session.backend.catalog)
        new = [s for s in servers if split_url(s.profile.base_url).port not in known_ports]
        return new[:MAX_SERVERS]

    def _offers(self, servers: Sequence[FoundServer]) -> list[Offer]:
        return [(offer_label(s), self._tasks.slot(partial(self.use, s))) for s in servers]


def offer_label(server: FoundServer) -> str:
    return tr("Use {model} from {server}", model=server.model_name, server=server.profile.name)
