"""Signs the user in to a server with OAuth: authorization code, PKCE, a loopback address.

Nothing is sent to an authorization server before the user has asked to sign in.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthRegistrationError
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
    ProtectedResourceMetadata,
)
from pydantic import BaseModel, ValidationError

from desktop_app.domain.network.network_address import is_private
from desktop_app.providers.http.redaction import Redactor
from desktop_app.tools.host.failure_text import HostError
from desktop_app.tools.servers.tool_server import REDIRECT_ADDRESS, ServerFault

if TYPE_CHECKING:
    from mcp.client.auth.oauth2 import OAuthContext

    from desktop_app.tools.host.line_output import LineOutput

SIGN_IN_NEEDED: Final = "the user has to sign in again"
_CALLBACK_PATH: Final = "/callback"
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_SECRET_IN_BODY: Final = "client_secret_post"
_SECRET_IN_HEADER: Final = "client_secret_basic"
# Browsers send a redirect in much less, and at once. The exact numbers are arbitrary.
_MAX_REQUEST_BYTES: Final = 1 << 16
_REQUEST_TIMEOUT_S: Final = 10.0
_SHARED_LABELS: Final = frozenset("ac co com edu go gob gov mil ne net or org".split())
"""Labels before the country in domains that many people register in, such as co.uk."""
_SAVED_CLIENT_FIELDS: Final = {"client_id", "client_secret", "token_endpoint_auth_method", "issuer"}
_SAVED_SERVER_FIELDS: Final = {
    *("issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint")
}
_SAVED_RESOURCE_FIELDS: Final = {"resource", "authorization_servers"}
_TIME_IN_PAST: Final = 1.0  # a time in the past, in seconds since 1970


class SignInError(HostError):
    """The sign-in failed. The message says why, in English or in the server's words."""


class SavedSignIn(BaseModel):
    """The saved state of a sign-in, in the form that the keyring stores.

    Attributes:
        expires_at: when the access token expires, in seconds since 1970; None if unknown.
        client: this program, as the authorization server has registered it.
        server: the addresses of the authorization server; None if it publishes none.
        resource: the server's own statement on its authorization servers; None if it makes none.
    """

    tokens: OAuthToken
    expires_at: float | None = None
    client: OAuthClientInformationFull
    server: OAuthMetadata | None = None
    resource: ProtectedResourceMetadata | None = None


class SignIn:
    """The sign-in to a server, and the store of the SDK's tokens.

    Args:
        order: a `launch_message` with an address. Its "tokens" are the saved state of an earlier
            sign-in, which is ignored if it is malformed; its "sign_in" is the text for the browser
            if the user has asked to sign in; its "client" is this program as the user has
            registered it, for servers that register nobody.

    Attributes:
        is_needed: True if the server wants a sign-in that the user has not asked for.
    """

    def __init__(self, order: dict[str, Any], output: LineOutput) -> None:
        self.is_needed = False
        self._url = str(order["url"]).partition("?")[0]
        self._saved = _parse_saved(order.get("tokens"))
        self._registered: dict[str, str] = order.get("client", {})
        self._browser_text: str = order.get("sign_in", "")
        self._output = output
        self._state = ""
        self._context: OAuthContext | None = None
        self._listener: asyncio.Server | None = None
        self._browser_answer: asyncio.Future[dict[str, str]] = (
            asyncio.get_running_loop().create_future()
        )

    async def create_provider(self) -> OAuthClientProvider | None:
        """Return the SDK's provider of authorization, or None without a sign-in."""
        if not self._saved and not self._browser_text:
            return None
        redirect = REDIRECT_ADDRESS
        if self._browser_text:
            self._listener = await asyncio.start_server(
                self._serve_browser, "127.0.0.1", 0, limit=_MAX_REQUEST_BYTES
            )
            _, port = self._listener.sockets[0].getsockname()
            redirect = f"http://127.0.0.1:{port}{_CALLBACK_PATH}"
        metadata = OAuthClientMetadata.model_validate(
            {"client_name": "Repartee", "redirect_uris": [redirect]}
        )
        provider = _Provider(self._url, metadata, self, self.open_page, self.wait_for_code)
        self._context = provider.context
        self._restore(provider.context)
        return provider

    def _restore(self, context: OAuthContext) -> None:
        """Restore the addresses and the time of the next refresh; the SDK restores the rest."""
        saved = self._saved
        if saved is None:
            return
        if saved.server:
            context.oauth_metadata = saved.server
        if saved.resource:
            context.protected_resource_metadata = saved.resource
            context.auth_server_url = str(saved.resource.authorization_servers[0])
        context.token_expiry_time = saved.expires_at
        if not saved.expires_at and saved.tokens.refresh_token:
            # The access token may have expired: begin the next request with a refresh.
            context.token_expiry_time = _TIME_IN_PAST

    async def check_request(self, request: httpx2.Request) -> None:
        """Refuse addresses that a server may not name: unencrypted, or in the user's network.

        The server's own host is allowed, and a server in the user's network may name any address.

        Raises:
            SignInError: the address is refused.
        """
        server = urlsplit(self._url)
        target = request.url
        is_same_host = (target.scheme, target.host) == (server.scheme, server.hostname)
        if is_same_host or is_private(server.hostname or ""):
            return
        if target.scheme != "https" or is_private(target.host):
            raise SignInError(f"{target.host} isn’t a safe address to sign in at")

    async def check_response(self, response: httpx2.Response) -> None:
        """Set `is_needed` if the server refuses a request without authorization."""
        # With a provider of authorization, the SDK itself answers a 401 by a refresh or a sign-in.
        if response.status_code == 401 and self._context is None:
            self.is_needed = True

    def redact(self, text: str) -> str:
        """Return a text of the authorization server without the secret of a new client.

        Servers quote a refused request for tokens. The parent redacts the secrets that it has
        stored, but those of a sign-in are stored only once it has succeeded.
        """
        if self._context is None or self._context.client_info is None:
            return text
        secret = self._context.client_info.client_secret
        if not secret:
            return text
        return Redactor([secret]).clean(text)

    # -- the browser

    async def open_page(self, address: str) -> None:
        """Have the parent open the sign-in page in the browser.

        Raises:
            SignInError: the user has not asked to sign in; the page is not encrypted, although the
                server is outside the user's network; or the page belongs to another authorization
                server than the one that would get the code.
        """
        if not self._browser_text:
            self.is_needed = True
            raise SignInError(SIGN_IN_NEEDED)
        page = urlsplit(address)
        server = urlsplit(self._url)
        if page.scheme != "https" and not is_private(server.hostname or ""):
            raise SignInError(f"{page.hostname} isn’t a safe address to sign in at")
        self._require_own_page(page.hostname or "")
        self._choose_place_of_secret()
        self._state = parse_qs(page.query)["state"][0]
        self._output.send(event="sign_in", url=address)

    def _require_own_page(self, host: str) -> None:
        """Refuse the page of another authorization server.

        A hostile server could name the page of GitHub, with the public id of another program that
        the user trusts, and then use the code in place of that program.
        """
        if self._context is None or self._context.oauth_metadata is None:
            return  # the SDK uses the server's own page
        metadata = self._context.oauth_metadata
        issuer = urlsplit(str(metadata.issuer)).hostname or ""
        receiver = urlsplit(str(metadata.token_endpoint)).hostname or ""
        if not _are_of_one_site(host, issuer) and not _are_of_one_site(host, receiver):
            raise SignInError(f"the page to sign in is at {host}, but the code goes to {receiver}")

    def _choose_place_of_secret(self) -> None:
        """Send the secret of a client that the user registered as the server wants it."""
        context = self._context
        if context is None or context.client_info is None or context.oauth_metadata is None:
            return
        accepted = context.oauth_metadata.token_endpoint_auth_methods_supported or []
        uses_body = context.client_info.token_endpoint_auth_method == _SECRET_IN_BODY
        if uses_body and accepted and _SECRET_IN_BODY not in accepted:
            context.client_info.token_endpoint_auth_method = _SECRET_IN_HEADER

    async def wait_for_code(self) -> AuthorizationCodeResult:
        """Wait until the user has signed in, and return the authorization code.

        Raises:
            SignInError: the server refused. The message is the server's.
        """
        answer = await self._browser_answer
        self._browser_text = ""  # the user is not asked again
        assert self._listener is not None
        self._listener.close()
        if "error" in answer:
            raise SignInError(answer.get("error_description") or answer["error"])
        return AuthorizationCodeResult(
            code=answer.get("code", ""), state=answer["state"], iss=answer.get("iss")
        )

    async def _serve_browser(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read the head of a request, and answer it."""
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ")[1]  # as in "GET /callback?code=… HTTP/1.1"
                writer.write(self._handle_redirect(target.decode("ascii")))
                await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError):
            pass  # the request is not a browser's
        finally:
            writer.close()

    def _handle_redirect(self, target: str) -> bytes:
        """Return the response to a request for `target`, and keep the query of the redirect."""
        url_parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url_parts.query).items()}
        # Any program or page on this computer may send a request, but only the redirect of
        # the sign-in has the state.
        if url_parts.path != _CALLBACK_PATH or not self._state or query.get("state") != self._state:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        if not self._browser_answer.done():
            self._browser_answer.set_result(query)
        escaped_text = html.escape(self._browser_text)
        page = f"<!doctype html><meta charset=utf-8><title>Repartee</title><p>{escaped_text}</p>"
        body = page.encode()
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
            "Content-Security-Policy: default-src 'none'\r\nCache-Control: no-store\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body

    async def revoke(self, http_client: httpx2.AsyncClient) -> None:
        """Have the authorization server forget the tokens, if it can (RFC 7009)."""
        saved = self._saved
        if saved is None or saved.server is None or saved.server.revocation_endpoint is None:
            return
        client, tokens = saved.client, saved.tokens
        fields = {"token": tokens.refresh_token or tokens.access_token}
        login = (client.client_id or "", client.client_secret or "")
        uses_header = client.token_endpoint_auth_method == _SECRET_IN_HEADER
        if not uses_header:
            names = ("client_id", "client_secret")
            fields |= {name: value for name, value in zip(names, login, strict=True) if value}
        auth = httpx2.BasicAuth(*login) if uses_header else httpx2.Auth()
        await http_client.post(str(saved.server.revocation_endpoint), data=fields, auth=auth)

    # -- the SDK's store

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens of an earlier sign-in; None if there was none."""
        return None if self._saved is None else self._saved.tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return this client as the authorization server knows it; None if it must register."""
        if self._saved is not None:
            return self._saved.client
        if not self._registered:
            return None
        secret = self._registered["secret"]
        return OAuthClientInformationFull(
            client_id=self._registered["id"],
            client_secret=secret or None,
            token_endpoint_auth_method=_SECRET_IN_BODY if secret else "none",
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Do nothing: the client is saved with its tokens."""

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Send the state of the sign-in to the parent, which saves it in the keyring."""
        context = self._context
        assert context is not None
        assert context.client_info is not None
        server = context.oauth_metadata
        resource = context.protected_resource_metadata
        saved = {
            "tokens": tokens.model_dump(mode="json", exclude_none=True),
            "expires_at": context.token_expiry_time,
            "client": context.client_info.model_dump(mode="json", include=_SAVED_CLIENT_FIELDS),
            "server": _dump(server, _SAVED_SERVER_FIELDS),
            "resource": _dump(resource, _SAVED_RESOURCE_FIELDS),
        }
        self._saved = _parse_saved(saved)
        self._output.send(event="tokens", saved=saved)


class _Provider(OAuthClientProvider):
    """The SDK's provider, which also refreshes a refused token and reads replies in forms."""

    async def _auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Refresh a token that the server refuses before it expires, once, and repeat the request.

        Otherwise the SDK has the user sign in again, also if there is a refresh token.
        """
        flow = super()._auth_flow(request)
        may_refresh = True
        try:
            outgoing = await anext(flow)
            while True:
                response = yield outgoing
                is_refused = outgoing is request and response.status_code == 401
                if is_refused and may_refresh and self.context.can_refresh_token():
                    may_refresh = False
                    if await self._handle_refresh_response((yield await self._refresh_token())):
                        self._add_auth_header(request)
                        response = yield request
                outgoing = await flow.asend(response)
        except StopAsyncIteration:
            return
        except OAuthRegistrationError as error:
            raise SignInError(ServerFault.NO_REGISTRATION) from error
        finally:
            await flow.aclose()

    async def _exchange_token_authorization_code(
        self, auth_code: str, code_verifier: str
    ) -> httpx2.Request:
        return _asking_for_json(
            await super()._exchange_token_authorization_code(auth_code, code_verifier)
        )

    async def _refresh_token(self) -> httpx2.Request:
        return _asking_for_json(await super()._refresh_token())

    async def _handle_token_response(self, response: httpx2.Response) -> None:
        await super()._handle_token_response(await _form_as_json(response))

    async def _handle_refresh_response(self, response: httpx2.Response) -> bool:
        try:
            return await super()._handle_refresh_response(await _form_as_json(response))
        except SignInError:  # as for a token that the user has revoked
            self.context.clear_tokens()
            return False


def _asking_for_json(request: httpx2.Request) -> httpx2.Request:
    # GitHub sends a form otherwise (docs.github.com, "Authorizing OAuth apps", November 2026).
    request.headers["accept"] = "application/json"
    return request


async def _form_as_json(response: httpx2.Response) -> httpx2.Response:
    """Return a reply of the token endpoint, as JSON if it is a form.

    Raises:
        SignInError: the reply states an error, which GitHub sends with the status 200.
    """
    text = (await response.aread()).decode("utf-8", "replace")
    fields: Any
    if response.headers.get("content-type", "").startswith(_FORM_TYPE):
        fields = {name: values[0] for name, values in parse_qs(text).items()}
        response = httpx2.Response(response.status_code, json=fields, request=response.request)
    else:
        try:
            fields = response.json()
        except ValueError:
            return response  # the SDK says what is wrong
    is_error = isinstance(fields, dict) and "access_token" not in fields and "error" in fields
    if response.status_code == HTTPStatus.OK and is_error:
        raise SignInError(str(fields.get("error_description") or fields["error"]))
    return response


def _dump(model: BaseModel | None, names: set[str]) -> dict[str, Any] | None:
    """Return these fields of a model as JSON; None if there is no model."""
    return None if model is None else model.model_dump(mode="json", include=names)


def _are_of_one_site(host: str, other_host: str) -> bool:
    """Return True if two hosts are the same, or in one domain that somebody can register."""
    domain = _domain_of(host)
    return host == other_host or (domain != "" and domain == _domain_of(other_host))


def _domain_of(host: str) -> str:
    """Return the registered domain, such as example.com or example.co.uk; "" for an address."""
    labels = host.rstrip(".").lower().split(".")
    if len(labels) < 2 or not labels[-1].isalpha():
        return ""
    if len(labels[-1]) == 2 and labels[-2] in _SHARED_LABELS:  # a country, as in example.co.uk
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])


def _parse_saved(saved: object) -> SavedSignIn | None:
    try:
        return SavedSignIn.model_validate(saved)
    except ValidationError:
        return None
