"""Downloads of model files: redirects are followed, a part is requested by its range.

Hosts of models redirect to another host, with an address that expires. So each attempt begins at
the first address.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from desktop_app.domain.errors import LocalModelError, NetworkError, UnreachableError
from desktop_app.domain.network.network_address import split_url
from desktop_app.i18n.translation import N_
from desktop_app.providers.http.connection_errors import ConnectionAttempt
from desktop_app.providers.http.connections import open_client
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.ports import DownloadReply, RangeRefusedError

if TYPE_CHECKING:
    import httpx


_MAX_REDIRECTS: Final = 5
_CONNECT_S: Final = 20.0
SILENCE_S: Final = 45.0  # a stalled connection is closed, and the rest requested again
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_RANGE_REFUSED: Final = 416
_PARTIAL: Final = 206
_TRY_LATER: Final = (408, 425, 429, 500, 502, 503, 504)
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_MAX_SHOWN_CHARS: Final = 200
_CHECK_URL: Final = N_("Check the URL.")


class Downloads:
    """Requests for files, through the proxy and the certificates of a provider's profile.

    Args:
        access: the profile, and the password of its proxy; its address and key are not used.
    """

    def __init__(self, access: ProviderAccess, silence_s: float = SILENCE_S) -> None:
        self._access = access
        self._silence_s = silence_s

    @asynccontextmanager
    async def open(self, url: str, offset: int, validator: str) -> AsyncIterator[DownloadReply]:
        """Request a file from `offset`. Implements providers.ports.OpenDownload."""
        headers = {"range": f"bytes={offset}-", "if-range": validator} if offset else {}
        if not validator:  # a version that cannot be named may have changed
            headers = {}
        for _ in range(_MAX_REDIRECTS + 1):
            profile = replace(
                self._access.profile, base_url=url, name=split_url(url).hostname or ""
            )
            access = replace(self._access, profile=profile)
            try:
                proxy, client = await asyncio.to_thread(open_client, access)
                attempt = ConnectionAttempt(
                    *(profile.name, profile.name, proxy),
                    is_own_proxy=bool(profile.proxy),
                    has_ca_file=bool(profile.ca_file),
                )
                async with client, self._request(client, url, headers, attempt) as response:
                    location = response.headers.get("location")
                    if response.status_code not in _REDIRECTS or not location:
                        yield _reply_from(response, attempt.host)
                        return
                    url = _target_of(url, location, attempt.host)
            except AttemptError as failed:
                raise _final_or_not(failed) from None
        raise LocalModelError(
            N_("{host} redirects in a circle."), hint=_CHECK_URL, host=profile.name
        )

    @asynccontextmanager
    async def _request(
        self,
        client: httpx.AsyncClient,
        url: str,
        headers: dict[str, str],
        attempt: ConnectionAttempt,
    ) -> AsyncIterator[httpx.Response]:
        """Send the request. Raises NetworkError, AttemptError or LocalModelError."""
        import httpx
        from socksio.exceptions import SOCKSError

        timeout = httpx.Timeout(self._silence_s, connect=_CONNECT_S)
        try:
            request = client.build_request("GET", url, headers=headers, timeout=timeout)
            # A user and password in the address would be sent; no host of models needs them.
            response = await client.send(request, auth=lambda request: request, stream=True)
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise LocalModelError(
                N_("The URL isn’t valid."), hint=_CHECK_URL, details=str(exc)
            ) from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise attempt.connect_error(str(exc), repr(exc)) from None
        except httpx.ProxyError as exc:
            raise attempt.proxy_refusal_error(str(exc), repr(exc)) from None
        except (httpx.HTTPError, SOCKSError) as exc:
            raise _cut(attempt.host, exc) from None
        try:
            yield response
        finally:
            await response.aclose()


def _target_of(url: str, location: str, host: str) -> str:
    """Return the address that a host redirects to. Raises LocalModelError for one of no host."""
    try:
        target = urljoin(url, location)
        is_web = split_url(target).scheme in ("http", "https") and bool(split_url(target).hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise LocalModelError(
            N_("{host} redirects to an address that isn’t a web address: {url}."),
            hint=_CHECK_URL,
            host=host,
            url=location[:_MAX_SHOWN_CHARS],
        )
    return target


def _reply_from(response: httpx.Response, host: str) -> DownloadReply:
    """Return what the host sends. Raises RangeRefusedError, NetworkError or LocalModelError."""
    status, headers = response.status_code, response.headers
    if status == _RANGE_REFUSED:
        raise RangeRefusedError
    if status in _TRY_LATER:
        raise NetworkError(
            N_("{host} is having problems (HTTP {status_code})."),
            hint=N_("Try again later."),
            host=host,
            status_code=status,
        )
    if status not in (200, _PARTIAL):
        raise LocalModelError(
            N_("{host} doesn’t send the file (HTTP {status_code})."),
            hint=N_("Check the URL. Some models need an account at the host."),
            host=host,
            status_code=status,
        )
    validator = headers.get("etag", "")
    if not validator or validator.startswith("W/"):  # a weak one does not promise equal bytes
        validator = headers.get("last-modified", "")
    offset, total = 0, None
    if status == _PARTIAL:
        match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if match is None:
            raise RangeRefusedError
        offset, total = int(match[1]), int(match[3])
    elif headers.get("content-length", "").isdigit():
        total = int(headers["content-length"])
    return DownloadReply(offset, total, validator, _chunks(response, host))


async def _chunks(response: httpx.Response, host: str) -> AsyncIterator[bytes]:
    import httpx

    try:
        async for chunk in response.aiter_raw():
            yield chunk
    except httpx.HTTPError as exc:
        raise _cut(host, exc) from None


def _cut(host: str, exc: Exception) -> NetworkError:
    return NetworkError(
        N_("The connection to {host} was lost."),
        hint=N_("Try again: it continues where it stopped."),
        details=repr(exc),
        host=host,
    )


def _final_or_not(failed: AttemptError) -> Exception:
    """Return an error that ends the download, unless another attempt may succeed."""
    error = failed.error
    if failed.may_repeat and isinstance(error, NetworkError | UnreachableError):
        return error
    return LocalModelError(
        error.message, hint=error.hint, details=error.details, params=dict(error.params)
    )
