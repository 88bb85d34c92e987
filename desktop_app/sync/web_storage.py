"""Storages on a server: WebDAV (RFC 4918), and S3 and its like.

A server is foreign: what it sends is counted before it is in memory, and no redirect is followed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import reduce
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit
from xml.etree import ElementTree

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import SyncError, SyncLaterError
from desktop_app.domain.network.network_address import split_credentials
from desktop_app.i18n.translation import N_
from desktop_app.providers.http.connection_errors import ConnectionAttempt
from desktop_app.providers.http.connections import open_client
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.retries import AttemptError, requested_wait_s
from desktop_app.providers.http.unpacking import unpacked
from desktop_app.sync.format import LIBRARY_FILE
from desktop_app.sync.storage import file_error, max_bytes, unreachable_error

if TYPE_CHECKING:
    import httpx

    from desktop_app.sync.target import Target

_TIMEOUT_S: Final = 60.0
_SLOWEST_BYTES_S: Final = 60_000
_PATIENCE_S: Final = 30.0
"""How long a synchronization waits for a busy server in all; longer waits end it."""
_LONGEST_WAIT_S: Final = 3600.0
_MAX_REPLY_BYTES: Final = 1 << 24  # a list of 50,000 files
_MAX_ERROR_BYTES: Final = 1 << 16
_MAX_PAGES: Final = 100
_MAX_SHOWN_CHARS: Final = 200
_BUSY: Final = (423, 429, 502, 503, 504)
_MISSING: Final = (404, 409, 410)  # 409: its folder is missing, too
_PROPFIND: Final = (
    b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
)
_GIVE_CERTIFICATE: Final = N_(
    "If the server is your own, give its certificate file in {data_page}, or with --ca-file."
)
_USE_ITS_NAME: Final = N_("Enter the address with the name that is in its certificate.")
_WRONG_LOGIN: Final = (N_("{host} refuses the user name or the password."), N_("Enter them again."))
_FULL: Final = (N_("The storage at {host} is full."), N_("Free up space there."))
_S3_CODE: Final = re.compile("<Code>([A-Za-z0-9.]{1,80})</Code>")
# The words are parts of the codes of S3 and of servers like it ("Error Responses" of its API).
_S3_REFUSALS: Final = tuple(
    (re.compile(words), texts)
    for words, texts in (
        (
            "TimeTooSkewed|RequestExpired|RequestNotValidYet",
            (N_("{host} says that this computer’s clock is wrong."), N_("Set the clock.")),
        ),
        ("AccessKeyId|SignatureDoesNotMatch|InvalidSecurity|Token", _WRONG_LOGIN),
        ("Quota|Full|Insufficient(?:Storage|Space)|LimitExceeded", _FULL),
        (
            "BucketName|NoSuchBucket",
            (N_("{host} has no bucket “{bucket}”."), N_("Check the address.")),
        ),
        (
            "Denied|Forbidden|Disabled|NotAuthorized|ObjectLocked",
            (
                N_("{host} allows this key no access to the bucket “{bucket}”."),
                N_("Allow it to list, read, write, and delete there."),
            ),
        ),
    )
)
_FIRST_REGION: Final = "us-east-1"
_REGION_OF_HOST: Final = re.compile(r"(?:^|\.)s3[.-]([a-z0-9-]+)\.")
_REGION: Final = re.compile("<Region>([A-Za-z0-9-]{1,40})</Region>")


class _Request(NamedTuple):
    """A request; `file` is the name of the file that the reply contains, "" for none."""

    method: str
    url: str
    content: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    file: str = ""

    @property
    def limit(self) -> int:
        return max_bytes(self.file) if self.file else _MAX_REPLY_BYTES


class _Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


class _WebStorage:
    """Files on a server.

    Attributes:
        foreign: the sentence on a server that is of another kind.
    """

    foreign = N_("{host} is not a WebDAV folder that can be written (status {status}).")

    def __init__(self, target: Target) -> None:
        self._target = target
        self._host = urlsplit(target.server).hostname or target.server
        self._client: httpx.AsyncClient | None = None
        self._patience_s = _PATIENCE_S

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def news(self, own: str) -> object:
        return None

    async def _exchange(self, request: _Request, auth: httpx.Auth | None = None) -> _Reply:
        """Return the reply to a request, which is repeated for a while if the server is busy."""
        attempt = 0
        while True:
            reply = await self._exchange_once(request, auth)
            is_busy = reply.status in _BUSY or "retry-after" in reply.headers
            wait_s = requested_wait_s(reply.headers) or 2.0**attempt
            if reply.status < 400 or not is_busy or wait_s > self._patience_s:
                return reply
            self._patience_s -= wait_s
            attempt += 1
            await asyncio.sleep(wait_s)

    async def _exchange_once(self, request: _Request, auth: httpx.Auth | None) -> _Reply:
        client = await self._open()
        import httpx

        method, url, content, headers, file = request
        seconds = _TIMEOUT_S + max(request.limit, len(content)) / _SLOWEST_BYTES_S
        # Some servers answer an upload only when it is stored elsewhere.
        patience = httpx.Timeout(_TIMEOUT_S, read=None if content else _TIMEOUT_S)
        try:
            async with asyncio.timeout(seconds):
                sent = client.build_request(
                    method, url, content=content, headers=headers, timeout=patience
                )
                # Not by httpx, which would read all of the reply that asks for a password.
                flow = (auth or httpx.Auth()).auth_flow(sent)
                response = await client.send(next(flow), stream=True, auth=None)
                with suppress(StopIteration):
                    while True:
                        sent = flow.send(response)
                        await response.aclose()
                        response = await client.send(sent, stream=True, auth=None)
                body = await _content(response, request.limit)
                return _Reply(response.status_code, response.headers, body, url)
        except httpx.DecodingError as exc:
            if file:
                raise file_error(file, str(exc)) from exc
            raise unreachable_error(self._host, str(exc)) from exc
        except (KeyError, NotImplementedError) as exc:  # of digest
            words = N_("it asks for a password in an unknown way")
            raise unreachable_error(self._host, words) from exc
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as exc:
            words = str(exc) or type(exc).__name__
            if "certificate verify failed" not in words:
                raise unreachable_error(self._host, words) from exc
            error = ConnectionAttempt(self._host, self._host).connect_error(words, words).error
            hint = _USE_ITS_NAME if "mismatch" in words else _GIVE_CERTIFICATE
            raise SyncError(error.message, hint, details=words, params=error.params) from exc

    async def _open(self) -> httpx.AsyncClient:
        client = self._client
        if client is None:
            profile = ProviderProfile(
                "sync",
                self._host,
                ProviderKind.COMPATIBLE,
                base_url=self._target.server,
                ca_file=self._target.ca_file,
                plain_http_hosts=(self._host,),  # `require_usable` has decided
            )
            try:
                access = ProviderAccess(profile)
                client = (await asyncio.to_thread(open_client, access))[1]
            except AttemptError as exc:
                error = exc.error
                raise SyncError(
                    error.message, error.hint, details=error.details, params=error.params
                ) from exc
            self._client = client
        return client

    def _refusal(self, reply: _Reply) -> SyncError:
        """Return the error of a status that says no."""
        status, host = reply.status, self._host
        if status in (401, 403):
            return SyncError(*_WRONG_LOGIN, host=host)
        if status == 507:
            return SyncError(*_FULL, host=host)
        if 300 <= status < 400:
            return SyncError(
                N_("{host} redirects to {where}."),
                hint=N_("If that is your server, too, enter this address."),
                host=host,
                where=_destination(reply),
            )
        if status in (*_BUSY, 500) or "retry-after" in reply.headers:
            error = SyncLaterError(
                N_("The storage {place} can’t be reached: {words}."),
                hint=N_("Changes are sent as soon as it can be."),
                place=host,
                words=f"HTTP {status}",
            )
            requested_s = requested_wait_s(reply.headers) or SyncLaterError.wait_s
            error.wait_s = min(requested_s, _LONGEST_WAIT_S)
            return error
        return SyncError(self.foreign, hint=N_("Check the address."), host=host, status=status)

    def _file_refusal(self, reply: _Reply, name: str) -> SyncError:
        """Return the error of a file that is not sent, though others may be."""
        error = self._refusal(reply)
        if name == LIBRARY_FILE or reply.status in (401, 429, 502, 503, 504):
            return error
        return file_error(name, f"HTTP {reply.status}")

    def _is_page(self, reply: _Reply) -> bool:
        """Return True for a web page in place of a file, as those of networks with a login."""
        is_html = "html" in reply.headers.get("content-type", "")
        return is_html and reply.content.lstrip().startswith(b"<")

    def _tree(self, reply: _Reply) -> ElementTree.Element:
        try:
            return ElementTree.fromstring(reply.content)
        except ElementTree.ParseError:
            raise self._refusal(reply) from None


class WebDavStorage(_WebStorage):
    """A folder of a WebDAV server, such as Nextcloud's."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        address = urlsplit(target.address)
        self._root = f"{address.scheme}://{address.netloc}"
        self._folders = [unquote(name) for name in address.path.split("/") if name]
        self._auth: httpx.Auth | None = None

    async def names(self, folder: str) -> list[str]:
        headers = {"depth": "1", "content-type": "application/xml"}
        reply = await self._send("PROPFIND", f"{folder}/", _PROPFIND, headers)
        if await self._is_missing(reply, folder):
            return []
        if reply.status != 207:
            raise self._refusal(reply)
        tree = await asyncio.to_thread(self._tree, reply)
        own = unquote(urlsplit(self._url(folder)).path)
        paths = (unquote(urlsplit(each.text or "").path) for each in tree.iter("{DAV:}href"))
        return _plain(path for path in paths if path.rstrip("/") != own)

    async def read(self, name: str) -> bytes | None:
        reply = await self._send("GET", name)
        if self._is_page(reply) and reply.status == 200:
            raise self._refusal(reply)
        if reply.status == 200:
            return reply.content
        if await self._is_missing(reply, name.rpartition("/")[0]):
            return None
        raise self._file_refusal(reply, name)

    async def write(self, name: str, content: bytes) -> None:
        reply = await self._send("PUT", name, content)
        if reply.status in (403, 404, 409):
            *folders, _ = name.split("/")
            if await self._make_folder(folders) or reply.status != 403:
                reply = await self._send("PUT", name, content)
        if reply.status not in (200, 201, 204):
            raise self._refusal(reply)

    async def remove(self, name: str) -> None:
        reply = await self._send("DELETE", name)
        is_done = reply.status in (200, 202, 204)
        if not is_done and not await self._is_missing(reply, name.rpartition("/")[0]):
            raise self._refusal(reply)

    async def _is_missing(self, reply: _Reply, folder: str) -> bool:
        # Jianguoyun refuses to show what is in a folder that does not exist.
        return reply.status in _MISSING or (
            reply.status == 403 and await self._make_folder(folder.split("/") if folder else [])
        )

    async def _make_folder(self, names: list[str]) -> bool:
        """Make a folder, and those around it, also that of the library; False if it exists."""
        folders = [*self._folders, *names]
        for depth in range(len(folders), 0, -1):
            reply = await self._send("MKCOL", "/".join(folders[:depth]) + "/", is_whole=True)
            if reply.status not in (403, 404, 409):
                break
        else:
            return False
        is_new = reply.status == 201
        for known in range(depth + 1, len(folders) + 1):
            reply = await self._send("MKCOL", "/".join(folders[:known]) + "/", is_whole=True)
            is_new = reply.status == 201
        return is_new

    def _url(self, name: str, *, is_whole: bool = False) -> str:
        names = ([] if is_whole else self._folders) + [name]
        return f"{self._root}/{quote('/'.join(names))}"

    async def _send(
        self,
        method: str,
        name: str,
        content: bytes = b"",
        headers: Mapping[str, str] = MappingProxyType({}),
        *,
        is_whole: bool = False,
    ) -> _Reply:
        await self._open()
        import httpx

        url, user = self._url(name, is_whole=is_whole), self._target.user
        request = _Request(method, url, content, headers, name if method == "GET" else "")
        login = user, self._target.password
        if user and self._auth is None:  # digest does not show the password to others
            is_encrypted = self._root.startswith("https:")
            self._auth = httpx.BasicAuth(*login) if is_encrypted else httpx.DigestAuth(*login)
        reply = await self._exchange(request, self._auth)
        offered = reply.headers.get("www-authenticate", "").lower()
        if reply.status != 401 or not user:
            return reply
        is_digest = isinstance(self._auth, httpx.DigestAuth)
        if "digest" in offered and not is_digest:
            self._auth = httpx.DigestAuth(*login)
        elif "basic" in offered and "digest" not in offered and is_digest:
            self._auth = httpx.BasicAuth(*login)
        else:
            return reply
        return await self._exchange(request, self._auth)


class S3Storage(_WebStorage):
    """A folder in a bucket of S3 or a server like it.

    Signed here in 40 lines, S3 has the bounds, proxies, certificates and sentences of WebDAV.
    obstore takes 16 MB for it, opendal 40 MB, without digest and certificates of one's own.
    """

    foreign = N_("{host} has no bucket that can be written at this address (status {status}).")

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._path = target.address.removeprefix("s3://").rstrip("/")
        named = _REGION_OF_HOST.search(urlsplit(target.endpoint).hostname or "")
        self._region = named[1] if named else _FIRST_REGION

    def _refusal(self, reply: _Reply) -> SyncError:
        """Return the error of a code of S3, else of the status."""
        code = _S3_CODE.search(reply.content.decode("latin-1"))
        if code is None:
            return super()._refusal(reply)
        texts = next((texts for words, texts in _S3_REFUSALS if words.search(code[1])), None)
        if texts is None:
            return super()._refusal(reply)
        bucket = self._path.partition("/")[0]
        return SyncError(*texts, details=code[1], host=self._host, bucket=bucket)

    async def names(self, folder: str) -> list[str]:
        _, _, prefix = f"{self._path}/{folder}/".partition("/")
        fields = {"delimiter": "/", "list-type": "2", "prefix": prefix}
        found: list[str] = []
        for _ in range(_MAX_PAGES):
            reply = await self._send("GET", "", fields)
            if reply.status != 200:
                raise self._refusal(reply)
            tree = await asyncio.to_thread(self._tree, reply)
            texts = [(_local(each.tag), each.text or "") for group in tree for each in group]
            found += [text.rstrip("/") for tag, text in texts if tag in ("Prefix", "Key")]
            tokens = [e.text for e in tree if _local(e.tag) == "NextContinuationToken"]
            if not tokens or not tokens[0]:
                break
            fields["continuation-token"] = tokens[0]
        return _plain(found)

    async def read(self, name: str) -> bytes | None:
        reply = await self._send("GET", name)
        if self._is_page(reply):
            raise self._refusal(reply)
        if reply.status == 200:
            return reply.content
        if reply.status in _MISSING and b"NoSuchBucket" not in reply.content:
            return None
        raise self._file_refusal(reply, name)

    async def write(self, name: str, content: bytes) -> None:
        reply = await self._send("PUT", name, content=content)
        if reply.status not in (200, 201, 204):
            raise self._refusal(reply)

    async def remove(self, name: str) -> None:
        reply = await self._send("DELETE", name)
        if reply.status not in (200, 204, *_MISSING):
            raise self._refusal(reply)

    async def _send(
        self, method: str, name: str, fields: Mapping[str, str] | None = None, content: bytes = b""
    ) -> _Reply:
        """Return the reply to a signed request: for a file, or for fields of the whole bucket."""
        query = urlencode(sorted((fields or {}).items()), quote_via=quote, safe="")
        digest = (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
        path = f"{self._path}/{name}" if name else self._path.partition("/")[0]
        for region in (self._region, ""):
            server = self._target.endpoint or f"https://s3.{self._region}.amazonaws.com"
            url = f"{server}/{quote(path)}"
            at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
            headers = self.signed(method, url, query, digest, at)
            whole = f"{url}?{query}" if query else url
            file = name if method == "GET" else ""
            reply = await self._exchange(_Request(method, whole, content, headers, file))
            if reply.status < 300:
                break
            header = f"<Region>{reply.headers.get('x-amz-bucket-region', '')}</Region>"
            stated = _REGION.search(header) or _REGION.search(reply.content.decode("latin-1"))
            if not stated or stated[1] == region:
                break
            self._region = stated[1]
        return reply

    def signed(self, method: str, url: str, query: str, digest: str, at: str) -> dict[str, str]:
        """Return the headers of a request (Amazon's Signature Version 4).

        Args:
            digest: the SHA-256 of the content.
            at: the time, as 20130524T000000Z.
        """
        parts = urlsplit(url)
        headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": at}
        names = ";".join(headers)
        lines = [f"{name}:{value}" for name, value in headers.items()]
        request = "\n".join([method, parts.path, query, *lines, "", names, digest])
        scope = [at[:8], self._region, "s3", "aws4_request"]
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", at, "/".join(scope), hashed])
        secret = f"AWS4{self._target.password}".encode()
        key = reduce(lambda made, part: hmac.digest(made, part.encode(), "sha256"), scope, secret)
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        stated = f"Credential={quote(self._target.user)}/{'/'.join(scope)}, SignedHeaders={names}"
        signed = f"AWS4-HMAC-SHA256 {stated}, Signature={signature}"
        return {**headers, "authorization": signed}


async def _content(response: httpx.Response, limit: int) -> bytes:
    """Return the body, of an error its beginning. Raises httpx.DecodingError if it is too large."""
    import httpx

    body = BytesIO()
    chunks = unpacked(response)
    try:
        async for chunk in chunks:
            body.write(chunk)
            if body.tell() > limit:
                raise httpx.DecodingError(N_("the reply is too large"))
            if response.status_code >= 300 and body.tell() > _MAX_ERROR_BYTES:
                break
    finally:
        # Before `chunks`: a generator that Python drops ends outside of any task on Qt's loop.
        await response.aclose()
        await chunks.aclose()
    return body.getvalue()


def _destination(reply: _Reply) -> str:
    """Return the folder that a reply redirects to, without what may be secret there."""
    try:
        whole = urljoin(reply.url, reply.headers.get("location", ""))
    except ValueError:
        return "?"
    name = reply.url.rpartition("/")[2]
    return split_credentials(whole)[0].removesuffix(f"/{name}")[:_MAX_SHOWN_CHARS]


def _plain(paths: Iterable[str]) -> list[str]:
    """Return the last names of paths, without hidden ones and “..”, which a server may invent."""
    names = {path.rstrip("/").rpartition("/")[2] for path in paths}
    return sorted(name for name in names if name and name.isprintable() and name[0] != ".")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
