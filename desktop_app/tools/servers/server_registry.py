"""The configured servers of tools: added, changed, removed, and their secret values."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from desktop_app.domain import hints
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import (
    ServerDefinitionError,
    StorageError,
    ToolServerError,
    UserFacingError,
)
from desktop_app.domain.network.origin import Secret
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.keys.vault import KeyVault
from desktop_app.tools.servers.server_run import Connect, Launch, ServerRun
from desktop_app.tools.servers.server_store import ServerStore
from desktop_app.tools.servers.tool_server import (
    EXAMPLE_REFERENCE,
    ServerFailure,
    ServerSecrets,
    ToolServer,
    launch_message,
    referenced_variables,
    secret_values,
    sign_in_secrets,
)

_REVOKE_S: Final = 10.0


class ServerEnvironment(NamedTuple):
    """The values that configurations of servers may refer to.

    Attributes:
        variables: the environment variables.
        provider_variables: the names of variables for providers, such as keys, which no server at
            an address may get.
        home: the user's home folder.
    """

    variables: Mapping[str, str]
    provider_variables: Sequence[str]
    home: str


class ToolServers:
    """All configured servers.

    Args:
        forget_permissions: deletes the user's permissions for the tools of a server.
        store_secret: stores a secret; returns False if it would be lost at the end of this process.
    """

    def __init__(
        self,
        storage: ServerStore,
        secrets: KeyVault,
        forget_permissions: Callable[[str], Awaitable[None]],
        connect: Connect,
        *,
        store_secret: Callable[[str, Secret], Awaitable[bool]],
        environment: ServerEnvironment,
    ) -> None:
        self.storage = storage
        self._secrets = secrets
        self._connect = connect
        self._forget_permissions = forget_permissions
        self._store_secret = store_secret
        self._environment = environment
        self._runs: dict[str, ServerRun] = {}

    async def runs(self) -> list[ServerRun]:
        """Return the runs of all servers, with new runs for servers changed elsewhere."""
        servers = {server.name: server for server in await self.storage.servers()}
        for name, run in list(self._runs.items()):
            # While this call stops a run, another call may remove the next.
            if servers.get(name) != run.server and self._runs.get(name) is run:
                del self._runs[name]
                await run.stop()
        for name, server in servers.items():
            if name not in self._runs:
                make_launch = partial(self._make_launch, server)
                store_tokens = partial(self._store_sign_in, server)
                self._runs[name] = ServerRun(server, self._connect, make_launch, store_tokens)
        return [self._runs[name] for name in servers]

    async def run(self, name: str) -> ServerRun:
        """Return the run of the server `name`. Raises ToolServerError."""
        runs = await self.runs()
        for run in runs:
            if run.server.name == name:
                return run
        server_names = ", ".join(run.server.name for run in runs)
        raise ServerDefinitionError(
            N_("There is no tool server named “{server}”."),
            hint=hints.LIST_AVAILABLE if server_names else "",
            server=name,
            known=server_names,
        )

    async def add(
        self, server: ToolServer, secrets: ServerSecrets, *, replaces: bool = False
    ) -> None:
        """Store a server. It gets no permissions of an earlier server of its name.

        Raises:
            ToolServerError: there is a server of this name and not `replaces`, or no keyring for
                its values.
            StorageError: the server wasn't stored; the secrets are as they were.
        """
        servers = {
            stored_server.name: stored_server for stored_server in await self.storage.servers()
        }
        old_server = servers.get(server.name)
        if old_server is not None and not replaces:
            raise ServerDefinitionError(
                N_("There is already a tool server named “{server}”."),
                hint=N_("Remove it first, or choose another name."),
                server=server.name,
            )
        old_secret = None
        if old_server is not None and old_server.has_secrets:
            old_secret = await self._secrets.get(old_server.secret_name, old_server.secret_origin)
        if not secrets:
            await self._secrets.remove(server.secret_name)
        elif not await self._store_secret(
            server.secret_name, Secret(secrets.to_text(), server.secret_origin)
        ):
            raise ToolServerError(
                N_("Without a keyring, the values of “{server}” can’t be stored."),
                hint=hints.USE_REFERENCES,
                server=server.name,
                example=EXAMPLE_REFERENCE,
            )
        try:
            await self._forget_permissions(server.name)
            await self.storage.save(server)
        except StorageError:
            if old_secret is None:
                await self._secrets.remove(server.secret_name)
            else:
                await self._store_secret(server.secret_name, old_secret)
            raise
        if old_server is not None and (old_server.url, old_server.client_id) != (
            server.url,
            server.client_id,
        ):
            await self._secrets.remove(server.sign_in_name)

    async def remove(self, name: str) -> None:
        """Remove a server, its secrets and permissions. Raises ToolServerError."""
        run = await self.run(name)
        await run.stop()
        await self.storage.remove(name)
        await self._forget_permissions(name)
        for secret in (run.server.secret_name, run.server.sign_in_name):
            await self._secrets.remove(secret)

    async def sign_in(self, name: str, on_address: Callable[[str], None]) -> bool:
        """Have the user sign in to a server; return False if it does not ask for a sign-in.

        Args:
            on_address: called with the address to open in a browser.

        Raises:
            UserFacingError: nobody was signed in, or only until this program ends.
        """
        return await (await self.run(name)).sign_in(on_address)

    async def sign_out(self, name: str) -> None:
        """Forget a sign-in, also at its server, and end the server. Raises UserFacingError."""
        run = await self.run(name)
        if await self.is_signed_in(run.server):
            # Here it is forgotten in any case.
            with suppress(UserFacingError, ServerFailure, TimeoutError):
                async with asyncio.timeout(_REVOKE_S):
                    await run.revoke()
        await run.stop()
        await self._secrets.remove(run.server.sign_in_name)

    async def is_signed_in(self, server: ToolServer) -> bool:
        secret_place = await self._secrets.place(server.sign_in_name, server.secret_origin)
        return secret_place.is_usable

    async def secrets_of(self, server: ToolServer) -> ServerSecrets:
        """Return the secret values of a server.

        Raises:
            ToolServerError: the keyring does not have them, or they are invalid.
        """
        if not server.has_secrets:
            return ServerSecrets()
        secret = await self._secrets.get(server.secret_name, server.secret_origin)
        try:
            if secret is not None:
                return ServerSecrets.from_text(secret.value)
        except (msgspec.DecodeError, RecursionError):
            pass  # another program has changed the secrets
        raise ToolServerError(
            N_("The keyring doesn’t have the secret values of the tool server “{server}”."),
            hint=hints.ENTER_SERVER_VALUES,
            server=server.name,
        )

    async def aclose(self) -> None:
        """End all servers."""
        await asyncio.gather(*(run.stop() for run in self._runs.values()))

    async def _make_launch(self, server: ToolServer, is_sign_in: bool) -> Launch:
        """Return the launch of a server: see `MakeLaunch`."""
        secrets = await self.secrets_of(server)
        environment = self._environment
        if server.url:
            for name in referenced_variables(server, secrets):
                if name in environment.provider_variables:
                    raise ToolServerError(
                        N_(
                            "The tool server “{server}” may not get the environment "
                            "variable {variable}: it is meant for a provider."
                        ),
                        hint=hints.CHECK_CONFIGURATION,
                        server=server.name,
                        variable=name,
                    )
        message = launch_message(server, secrets, environment.variables, environment.home)
        values = secret_values(server, secrets, environment.variables)
        if is_sign_in:
            page = tr("You can close this page and return to Repartee.")
            return Launch({**message, "sign_in": page}, values)
        tokens = await self._stored_tokens(server) if server.can_sign_in else None
        if tokens is None:
            return Launch(message, values)
        return Launch({**message, "tokens": tokens}, (*values, *sign_in_secrets(tokens)))

    async def _stored_tokens(self, server: ToolServer) -> dict[str, Any] | None:
        """Return the stored tokens of a sign-in; None if there are none or they are invalid."""
        secret = await self._secrets.get(server.sign_in_name, server.secret_origin)
        if secret is None:
            return None
        try:
            tokens: dict[str, Any] = json.loads(secret.value)
            sign_in_secrets(tokens)
        except BAD_VALUE:
            return None
        return tokens

    async def _store_sign_in(self, server: ToolServer, tokens: Mapping[str, Any]) -> None:
        secret = Secret(json.dumps(tokens), server.secret_origin)
        if not await self._store_secret(server.sign_in_name, secret):
            raise ToolServerError(
                N_("Without a keyring, the sign-in to “{server}” isn’t remembered."),
                hint=N_("Set up a keyring, then sign in again."),
                server=server.name,
            )
