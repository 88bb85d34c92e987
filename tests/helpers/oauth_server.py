"""A tool server that requires a sign-in, made of the SDK's own server.

`python oauth_server.py` registers everybody. `python oauth_server.py closed` registers nobody,
knows only the client OWN_ID, and replies with tokens in a form, all as GitHub's does.

It grants every authorization at once, as a user who always agrees. Lines of standard input change
that: "deny" refuses the next ones, "quote" refuses the next requests for tokens and quotes the
client's secret, "expire" ends all access tokens, "revoke" ends all tokens. Its first line of output
is its port. It answers each line of input with the number of registered clients.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
import threading
import time
from typing import Any, Final
from urllib.parse import urlencode

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl, AnyUrl

TOKEN_LIFETIME_S: Final = 3600
OWN_ID: Final = "own-app"
OWN_SECRET: Final = "own-s3cret-value"


class OwnClient(OAuthClientInformationFull):
    """A client that was registered by hand, for any port of this computer (RFC 8252)."""

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        """Return the address if it has the registered host and path."""
        assert redirect_uri is not None
        assert (redirect_uri.host, redirect_uri.path) == ("127.0.0.1", "/callback")
        return redirect_uri


def form_replies(app: Any) -> Any:
    """Return an application whose replies with tokens are forms."""

    async def reply(scope: Any, receive: Any, send: Any) -> None:
        async def send_form(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [(b"content-type", FORM)]}
            else:
                fields = json.loads(message["body"])
                body = urlencode({k: v for k, v in fields.items() if v is not None})
                message = {**message, "body": body.encode()}
            await send(message)

        await app(scope, receive, send_form if scope.get("path") == "/token" else send)

    return reply


FORM: Final = b"application/x-www-form-urlencoded; charset=utf-8"


class Users:
    """Clients and tokens, in memory. Implements the SDK's OAuthAuthorizationServerProvider."""

    def __init__(self) -> None:
        self.denies = self.quotes = False
        self.clients: dict[str, OAuthClientInformationFull] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.access: dict[str, AccessToken] = {}
        self.refresh: dict[str, RefreshToken] = {}

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        """Return a client."""
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Register a client."""
        self.clients[client_info.client_id] = client_info

    async def authorize(
        self, client: OAuthClientInformationFull, params: AuthorizationParams
    ) -> str:
        """Return the address to redirect the browser to, with a code or a refusal."""
        back = str(params.redirect_uri)
        if self.denies:
            words = "The user said no."
            return construct_redirect_uri(
                back, error="access_denied", error_description=words, state=params.state
            )
        code = AuthorizationCode(
            code=secrets.token_urlsafe(32),
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
        )
        self.codes[code.code] = code
        return construct_redirect_uri(back, code=code.code, state=params.state)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        """Return a code."""
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        """Return tokens for a code."""
        if self.quotes:
            raise TokenError("invalid_request", f"client_secret={client.client_secret}")
        del self.codes[authorization_code.code]
        return self._tokens(client.client_id, authorization_code.resource)

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> RefreshToken | None:
        """Return a refresh token."""
        return self.refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        """Return new tokens; the old ones end."""
        del self.refresh[refresh_token.token]
        return self._tokens(client.client_id, refresh_token.resource)

    async def load_access_token(self, token: str) -> AccessToken | None:
        """Return an access token."""
        return self.access.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """End a token."""
        self.access.pop(token.token, None)
        self.refresh.pop(token.token, None)

    async def exchange_identity_assertion(self, client: Any, params: Any) -> OAuthToken:
        """Refuse: it is not offered."""
        raise NotImplementedError

    def _tokens(self, client_id: str, resource: str | None) -> OAuthToken:
        access, refresh = f"access-{secrets.token_hex(16)}", f"refresh-{secrets.token_hex(16)}"
        shared: dict[str, Any] = {"client_id": client_id, "scopes": [], "resource": resource}
        self.access[access] = AccessToken(token=access, **shared)
        self.refresh[refresh] = RefreshToken(token=refresh, **shared)
        return OAuthToken(access_token=access, expires_in=TOKEN_LIFETIME_S, refresh_token=refresh)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    users = Users()
    is_closed = "closed" in sys.argv
    if is_closed:
        users.clients[OWN_ID] = OwnClient(
            client_id=OWN_ID,
            client_secret=OWN_SECRET,
            redirect_uris=[AnyUrl("http://127.0.0.1/callback")],
            token_endpoint_auth_method="client_secret_post",
        )
    server: Any = MCPServer(
        "guarded",
        auth_server_provider=users,
        auth=AuthSettings(
            revocation_options=RevocationOptions(enabled=True),
            issuer_url=AnyHttpUrl(address),
            resource_server_url=AnyHttpUrl(f"{address}/mcp"),
            client_registration_options=ClientRegistrationOptions(enabled=not is_closed),
            validate_token_resource=True,
        ),
    )

    @server.tool()
    def whoami() -> str:
        """Return who is signed in."""
        return "Ann"

    @server.tool()
    def huge() -> str:
        """Return 10 MB."""
        return "y" * (10 << 20)

    app = server.streamable_http_app()
    config = uvicorn.Config(form_replies(app) if is_closed else app, log_level="error")
    running = uvicorn.Server(config)
    threading.Thread(target=running.run, args=([listener],), daemon=True).start()
    while not running.started:
        time.sleep(0.01)
    _say(str(port))
    for line in sys.stdin:
        match line.strip():
            case "deny":
                users.denies = True
            case "quote":
                users.quotes = True
            case "expire":
                users.access.clear()
            case "tokens":
                _say(str(len(users.refresh)))
                continue
            case "revoke":
                users.access.clear()
                users.refresh.clear()
        _say(str(len(users.clients)))


if __name__ == "__main__":
    main()
