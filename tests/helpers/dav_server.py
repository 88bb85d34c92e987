"""A WebDAV server in memory that behaves as the servers do that people have."""

from __future__ import annotations

import asyncio
import hashlib
import re
from asyncio import StreamWriter
from collections.abc import Sequence
from urllib.parse import quote, unquote

from tests.unit.providers.loopback import Received, Script, replies

USER, PASSWORD = "me", "secret words"


class DavServer:
    """The script of a `LoopbackServer`.

    Attributes:
        files: contents by path.
        folders: those that exist, without a slash at the end.
        first: scripts of the first requests that `matching` matches, instead of the reply.
        matching: a regular expression of "METHOD path".
        wants: the challenges that a request without a login gets, such as "Digest".
        missing: the status of a request below a folder that does not exist.
    """

    def __init__(
        self,
        *first: Script,
        matching: str = "",
        wants: Sequence[str] = (),
        missing: int = 409,
        folders: Sequence[str] = ("/v1",),
    ) -> None:
        self.files: dict[str, bytes] = {}
        self.folders = {"", *folders}
        self.first = list(first)
        self.matching = matching
        self.wants = wants
        self.missing = missing
        self.logins: list[str] = []

    async def __call__(self, request: Received, writer: StreamWriter) -> None:
        path = unquote(request.path).rstrip("/")
        if self.first and re.match(self.matching, f"{request.method} {path}"):
            await self.first.pop(0)(request, writer)
            return
        await (self._login(request) or self._reply(request.method, path, request.body))(
            request, writer
        )

    def _login(self, request: Received) -> Script | None:
        given = request.headers.get("authorization", "")
        self.logins.append(given.partition(" ")[0])
        is_accepted = not self.wants or any(map(given.startswith, self.wants))
        if is_accepted and (given[:6] != "Digest" or self._is_right(request.method, given)):
            return None
        offered = {
            "Digest": 'Digest realm="dav", nonce="abc", qop="auth", algorithm=MD5',
            "Basic": 'Basic realm="dav"',
        }
        return replies(401, b"", www_authenticate=", ".join(offered[kind] for kind in self.wants))

    def _is_right(self, method: str, given: str) -> bool:
        """Compare a digest (RFC 7616)."""
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', given))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret, what = md5(f"{USER}:dav:{PASSWORD}"), md5(f"{method}:{fields['uri']}")
        middle = ":".join(fields[name] for name in ("nonce", "nc", "cnonce", "qop"))
        return fields["response"] == md5(f"{secret}:{middle}:{what}")

    def _reply(self, method: str, path: str, body: bytes) -> Script:
        parent = path.rpartition("/")[0]
        if parent not in self.folders:
            return replies(self.missing, b"")
        if method == "MKCOL":
            is_new = path not in self.folders
            self.folders.add(path)
            return replies(201 if is_new else 405, b"")
        if method == "PUT":
            self.files[path] = body
            return replies(201, b"")
        if method == "DELETE":
            return replies(204 if self.files.pop(path, None) is not None else 404, b"")
        if method == "PROPFIND":
            if path not in self.folders:
                return replies(404, b"")
            inside = [p for p in (*self.files, *self.folders) if p.rpartition("/")[0] == path]
            return replies(207, listing([path, *inside]), "application/xml")
        if path in self.files:
            return replies(200, self.files[path], "application/octet-stream")
        return replies(404, b"")


def listing(paths: Sequence[str]) -> bytes:
    """Return the body of a reply that lists paths."""
    rows = "".join(f"<d:response><d:href>{quote(path)}</d:href></d:response>" for path in paths)
    return f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{rows}</d:multistatus>'.encode()


async def endless(request: Received, writer: StreamWriter) -> None:
    """Send a file that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n\r\n")
    while not request.gone.is_set():
        writer.write(bytes(1 << 20))
        await writer.drain()
        await asyncio.sleep(0)


async def torn(_: Received, writer: StreamWriter) -> None:
    """Close the connection in the middle of a file."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()
