"""Where the sealed files are: a folder, a WebDAV server, or S3 and its like.

Each file has one writer, so no storage has to support locks or conditional creation: rclone's
WebDAV server, for example, creates a file twice under “If-None-Match: *”.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import SyncError, UserFacingError
from desktop_app.domain.value import PrivateValue
from desktop_app.i18n.translation import N_
from desktop_app.providers.http.connections import open_client
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.retries import AttemptError
from desktop_app.storage.private_files import create_private_folder
from desktop_app.system import sync

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_TIMEOUT_S: Final = 60.0
_LONGEST_S: Final = 3600.0
"""Of a request: an attachment may have 200 MB, and a line 60 kB a second."""
_MAX_LISTING_BYTES: Final = 64 << 20
_PROPFIND: Final = (
    b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
)


class Target(PrivateValue, frozen=True):
    """The address of a storage.

    Attributes:
        address: a folder's path, an https address of WebDAV, or s3://bucket/folder.
        user, password: of WebDAV, or the key's id and secret of S3; "" if the address needs none.
        endpoint: the server of S3, "" for Amazon's.
    """

    address: str
    user: str = ""
    password: str = ""
    endpoint: str = ""

    @property
    def is_local(self) -> bool:
        return "://" not in self.address


class Storage(Protocol):
    """Files by name, with "/" between the folders. All methods raise SyncError."""

    async def names(self, folder: str) -> list[str]:
        """Return the names directly in a folder; [] if it does not exist."""

    async def read(self, name: str) -> bytes | None:
        """Return the content of a file, None if it does not exist."""

    async def write(self, name: str, content: bytes) -> None:
        """Write a whole file, or replace it."""

    async def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    async def close(self) -> None:
        """Close all connections."""


def open_storage(target: Target) -> Storage:
    """Return the storage at an address. Nothing is opened yet.

    Raises:
        SyncError: the address is of no kind, or S3 lacks its package.
    """
    if target.is_local:
        return FolderStorage(Path(target.address).expanduser())
    if target.address.startswith("s3://"):
        return S3Storage(target)
    return WebDavStorage(target)


class FolderStorage:
    """A folder that another program copies to other computers, or a stick."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def names(self, folder: str) -> list[str]:
        def read() -> list[str]:
            try:
                return sorted(path.name for path in (self._folder / folder).iterdir())
            except FileNotFoundError:
                self._require_folder()
                return []

        return await self._in_thread(read)

    async def read(self, name: str) -> bytes | None:
        def read() -> bytes | None:
            try:
                return (self._folder / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):  # a stray file among the folders
                self._require_folder()
                return None

        return await self._in_thread(read)

    async def write(self, name: str, content: bytes) -> None:
        def write() -> None:
            self._require_folder()
            path = self._folder / name
            create_private_folder(path.parent)
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(content)
            sync(part)
            part.replace(path)
            sync(path.parent)

        await self._in_thread(write)

    async def remove(self, name: str) -> None:
        await self._in_thread(lambda: (self._folder / name).unlink(missing_ok=True))

    async def close(self) -> None:
        pass

    def _require_folder(self) -> None:
        """Raise FileNotFoundError for a stick that was pulled out: it was not emptied."""
        if not self._folder.is_dir():
            raise FileNotFoundError(2, os.strerror(2), str(self._folder))

    async def _in_thread(self, job: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(job)
        except OSError as exc:
            raise unreachable_error(str(self._folder), exc.strerror or str(exc)) from exc


class WebDavStorage:
    """A folder of a WebDAV server, such as Nextcloud's (RFC 4918)."""

    def __init__(self, target: Target) -> None:
        self._base = target.address.rstrip("/")
        self._host = urlsplit(self._base).hostname or self._base
        self._auth = (target.user, target.password) if target.user else None
        self._client: httpx.AsyncClient | None = None

    async def names(self, folder: str) -> list[str]:
        headers = {"depth": "1", "content-type": "application/xml"}
        reply = await self._send("PROPFIND", f"{folder}/", content=_PROPFIND, headers=headers)
        if reply.status_code == 404:
            return []
        self._require(reply, 207)
        if len(reply.content) > _MAX_LISTING_BYTES:
            raise self._refusal(reply)
        try:
            tree = ElementTree.fromstring(reply.content)
        except ElementTree.ParseError:
            raise self._refusal(reply) from None
        own = unquote(urlsplit(self._address(f"{folder}/")).path).rstrip("/")
        paths = [unquote(urlsplit(each.text or "").path) for each in tree.iter("{DAV:}href")]
        names = (path.rstrip("/") for path in paths)
        return sorted(name.rpartition("/")[2] for name in names if name != own)

    async def read(self, name: str) -> bytes | None:
        reply = await self._send("GET", name)
        if reply.status_code == 404:
            return None
        self._require(reply, 200)
        return reply.content

    async def write(self, name: str, content: bytes) -> None:
        reply = await self._send("PUT", name, content=content)
        if reply.status_code in (404, 409):  # the folder is missing
            *folders, _ = name.split("/")
            for depth in range(len(folders) + 1):
                await self._send("MKCOL", "/".join([*folders[:depth], ""]))
            reply = await self._send("PUT", name, content=content)
        self._require(reply, 200, 201, 204)

    async def remove(self, name: str) -> None:
        self._require(await self._send("DELETE", name), 200, 204, 404)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _address(self, name: str) -> str:
        return f"{self._base}/{quote(name)}"

    async def _send(self, method: str, name: str, **content: Any) -> httpx.Response:
        import httpx

        try:
            if self._client is None:
                kind = ProviderKind.COMPATIBLE
                profile = ProviderProfile("sync", self._host, kind, base_url=self._base)
                access = ProviderAccess(profile)
                _, self._client = await asyncio.to_thread(open_client, access)
            client = self._client
            assert client is not None
            async with asyncio.timeout(_LONGEST_S):
                return await client.request(
                    method, self._address(name), auth=self._auth, timeout=_TIMEOUT_S, **content
                )
        except AttemptError as exc:
            raise _as_sync_error(exc.error) from exc
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as exc:
            raise unreachable_error(self._host, str(exc) or type(exc).__name__) from exc

    def _require(self, reply: httpx.Response, *statuses: int) -> None:
        if reply.status_code not in statuses:
            raise self._refusal(reply)

    def _refusal(self, reply: httpx.Response) -> SyncError:
        if reply.status_code in (401, 403):
            return SyncError(
                N_("{host} refuses the user name or the password."),
                hint=N_("Enter them again."),
                host=self._host,
            )
        if reply.status_code == 507:
            return SyncError(
                N_("The storage at {host} is full."),
                hint=N_("Free up space there."),
                host=self._host,
            )
        return SyncError(
            N_("{host} is not a WebDAV folder that can be written (status {status})."),
            hint=N_("Check the address."),
            host=self._host,
            status=reply.status_code,
        )


class S3Storage:
    """A bucket of S3 or a server like it, through obstore."""

    def __init__(self, target: Target) -> None:
        address = urlsplit(target.address)
        self._place = address.netloc
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError:
            raise SyncError(
                N_("S3 needs a package that is not installed."),
                hint=N_("Install Repartee as repartee[s3]."),
            ) from None
        self._obstore = obstore

        def open_store(**limits: timedelta) -> S3Store:
            return S3Store(
                address.netloc,
                prefix=address.path.strip("/") or None,
                access_key_id=target.user,
                secret_access_key=target.password,
                client_options={
                    "allow_http": target.endpoint.startswith("http://"),
                    "timeout": timedelta(seconds=_LONGEST_S),
                    **limits,
                },
                # Synchronizing tries again, too.
                retry_config={"retry_timeout": timedelta(seconds=_TIMEOUT_S)},
                **({"endpoint": target.endpoint} if target.endpoint else {}),
            )

        # Connecting ends after 5 s anyway. A limit of reading would be one of a whole upload.
        self._store = open_store(read_timeout=timedelta(seconds=_TIMEOUT_S))
        self._upload_store = open_store()

    async def names(self, folder: str) -> list[str]:
        async def read() -> list[str]:
            listed = await self._obstore.list_with_delimiter_async(self._store, f"{folder}/")
            paths = [*listed["common_prefixes"], *(each["path"] for each in listed["objects"])]
            return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

        return await self._run(read())

    async def read(self, name: str) -> bytes | None:
        async def read() -> bytes | None:
            try:
                found = await self._obstore.get_async(self._store, name)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

        return await self._run(read())

    async def write(self, name: str, content: bytes) -> None:
        await self._run(self._obstore.put_async(self._upload_store, name, content))

    async def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            await self._run(self._obstore.delete_async(self._store, name))

    async def close(self) -> None:
        pass

    async def _run(self, call: Awaitable[T]) -> T:
        from obstore.exceptions import BaseError

        try:
            async with asyncio.timeout(_LONGEST_S):
                return await call
        except (BaseError, TimeoutError) as exc:
            words = (str(exc) or type(exc).__name__).splitlines()[0]
            raise unreachable_error(self._place, words) from exc


def unreachable_error(place: str, words: str) -> SyncError:
    """Return the error of a storage that does not answer, or is not there."""
    return SyncError(
        N_("The storage {place} can’t be reached: {words}."),
        hint=N_("Changes are sent as soon as it can be."),
        place=place,
        words=words.rstrip("."),
    )


def _as_sync_error(error: UserFacingError) -> SyncError:
    return SyncError(error.message, hint=error.hint, details=error.details, params=error.params)
