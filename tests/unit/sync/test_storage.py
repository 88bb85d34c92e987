"""Storages that are slow, busy, hostile, or arranged differently."""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
import stat
import threading
from asyncio import StreamWriter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from desktop_app.domain.errors import SyncError, SyncLaterError, SyncRefusedError
from desktop_app.sync import storage as storages
from desktop_app.sync import web_storage
from desktop_app.sync.storage import FolderStorage, open_storage
from desktop_app.sync.target import Target, cleaned, joining_line, read_joining_line
from desktop_app.sync.web_storage import S3Storage, WebDavStorage
from tests.helpers.certificates import Authority
from tests.helpers.dav_server import PASSWORD, USER, DavServer, endless, listing, torn
from tests.helpers.linux_only import linux_only
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies

HEAD = "devices/0123/head"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storages, "MAX_FILE_BYTES", 1 << 20)
    monkeypatch.setattr(web_storage, "_PATIENCE_S", 0.5)


async def test_a_large_file_may_take_longer_than_a_server_may_be_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_storage, "_TIMEOUT_S", 0.5)

    async def slow(_: Received, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
        for byte in b"file":
            await asyncio.sleep(0.2)
            writer.write(bytes([byte]))
            await writer.drain()

    async with LoopbackServer(slow) as server:
        dav = WebDavStorage(Target(server.base_url))
        assert await dav.read("x") == b"file"
        await dav.close()


@pytest.mark.parametrize(
    ("wants", "expected"),
    [(["Digest"], "Digest"), (["Digest", "Basic"], "Digest"), (["Basic"], "Basic"), ([], "")],
)
async def test_a_password_goes_in_clear_only_if_the_server_knows_nothing_better(
    wants: list[str], expected: str
) -> None:
    dav = DavServer(wants=wants)
    async with LoopbackServer(dav) as server:
        storage = open_storage(Target(server.base_url, USER, PASSWORD))
        await storage.write(HEAD, b"sealed")
        assert await storage.read(HEAD) == b"sealed"
        assert await storage.names("devices") == ["0123"]
        await storage.close()
        assert set(dav.logins) <= {"", expected}
        wrong = open_storage(Target(server.base_url, USER, "another"))
        if "Digest" in wants:
            with pytest.raises(SyncError, match="refuses the user name"):
                await wrong.read(HEAD)
            assert "Basic" not in dav.logins
        await wrong.close()


async def test_a_certificate_of_ones_own_is_trusted_by_its_file(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    dav = DavServer(wants=["Digest"])
    async with LoopbackServer(dav, tls=authority.server()) as server:
        target = Target(server.base_url, USER, PASSWORD)
        refused = open_storage(target)
        with pytest.raises(SyncError, match="certificate") as caught:
            await refused.read("library.json")
        assert "--ca-file" in caught.value.hint
        await refused.close()
        trusted = open_storage(replace(target, ca_file=str(authority.pem)))
        await trusted.write("library.json", b"{}")
        assert await trusted.read("library.json") == b"{}"
        await trusted.close()


def busy(status: int, retry_after: str = "") -> Script:
    return replies(status, b"", **({"retry_after": retry_after} if retry_after else {}))


@pytest.mark.parametrize("status", [423, 429, 500, 503])
async def test_a_busy_server_is_waited_for(status: int) -> None:
    soon = busy(status, "0.01")
    dav = DavServer(soon, soon, busy(status, "0.01"), matching="PUT|GET|PROPFIND")
    async with LoopbackServer(dav) as server:
        storage = open_storage(Target(server.base_url))
        await storage.write("library.json", b"{}")
        dav.first = [soon]
        assert await storage.read("library.json") == b"{}"
        dav.first = [soon]
        assert await storage.names("devices") == []
        await storage.close()


@pytest.mark.parametrize(
    ("script", "seconds"),
    [(busy(429, "7"), 7), (busy(503, "999999"), 3600), (busy(423), 60), (busy(500), 60)],
    ids=["429", "503", "423", "500"],
)
async def test_a_longer_wait_is_that_of_the_caller(script: Script, seconds: float) -> None:
    dav = DavServer(*[script] * 9, matching="PUT")
    async with LoopbackServer(dav) as server:
        storage = open_storage(Target(server.base_url))
        with pytest.raises(SyncLaterError) as caught:
            await storage.write("library.json", b"{}")
        assert caught.value.wait_s == seconds
        await storage.close()


@pytest.mark.parametrize("missing", [403, 404, 409])
async def test_a_folder_that_is_not_there_yet_is_made(missing: int) -> None:
    dav = DavServer(missing=missing, folders=["/v1"])
    async with LoopbackServer(dav) as server:
        storage = open_storage(Target(f"{server.base_url}/My files/Repartee/"))
        assert await storage.read("library.json") is None
        assert await storage.names("devices") == []
        await storage.write(HEAD, b"sealed")
        assert dav.files == {f"/v1/My files/Repartee/{HEAD}": b"sealed"}
        assert await storage.names("devices") == ["0123"]
        await storage.remove("devices/4567/head")
        await storage.close()


def packed(times: int) -> Script:
    content = bytes(64 << 20)
    for _ in range(times):
        content = gzip.compress(content)
    return replies(200, content, content_encoding=", ".join(["gzip"] * times))


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (replies(403, b""), SyncRefusedError),
        (replies(500, b""), SyncRefusedError),
        (replies(418, b""), SyncRefusedError),
        (replies(410, b""), None),
        (endless, SyncRefusedError),
        (packed(1), SyncRefusedError),
        (packed(2), SyncRefusedError),
        (replies(200, b"x", content_encoding="br"), SyncRefusedError),
        (torn, SyncError),
        (replies(401, b"", www_authenticate="Digest algorithm=ROT13, realm=x, nonce=y"), SyncError),
        (replies(302, b"", location="https://elsewhere.example/x?token=1"), SyncRefusedError),
    ],
    ids="403 500 418 410 endless packed packed-twice br torn 401 302".split(),
)
async def test_what_a_server_sends_for_one_file_is_no_more_than_an_error(
    script: Script, kind: type[SyncError] | None
) -> None:
    dav = DavServer(*[script] * 2, matching="GET")
    dav.folders |= {"/v1/devices", "/v1/devices/0123"}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with LoopbackServer(dav) as server:
        storage = open_storage(Target(server.base_url, USER, PASSWORD))
        if kind is None:
            assert await storage.read(HEAD) is None
        else:
            with pytest.raises(SyncError) as caught:
                await storage.read(HEAD)
            assert type(caught.value) is kind
        dav.first = []
        if kind is not SyncError:
            await storage.write("library.json", b"{}")
            assert await storage.read("library.json") == b"{}"  # the rest goes on
        await storage.close()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kB


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            replies(302, b"", location="https://me:pw@new.example/dav/library.json?token=1"),
            r"to https://new.example/dav\.$",
        ),
        (replies(200, b"<html>", kind="text/html"), "not a WebDAV folder"),
        (replies(403, b""), "refuses the user name"),
        (replies(405, b""), "not a WebDAV folder"),
        (replies(501, b""), "not a WebDAV folder"),
        (replies(507, b""), "is full"),
        (endless, "too large"),
    ],
    ids=["redirect", "page", "403", "405", "501", "507", "endless"],
)
async def test_without_the_file_of_the_library_the_place_is_wrong(
    script: Script, words: str
) -> None:
    async with LoopbackServer(DavServer(*[script] * 9, matching="GET")) as server:
        storage = open_storage(Target(server.base_url))
        with pytest.raises(SyncError, match=words) as caught:
            await storage.read("library.json")
        assert not isinstance(caught.value, SyncRefusedError)
        assert "token" not in str(caught.value)
        assert "pw" not in str(caught.value)
        await storage.close()


async def test_names_that_a_server_invents_are_left_out() -> None:
    hostile = [
        "/v1/devices",
        "/v1/devices/..",
        "/etc/passwd/",
        "/v1/devices/a\0b",
        "/v1/devices/.x",
    ]
    script = replies(207, listing([*hostile, "/v1/devices/good/"]))
    async with LoopbackServer(script) as server:
        storage = open_storage(Target(server.base_url))
        assert await storage.names("devices") == ["good", "passwd"]
        await storage.close()


# The examples of "Signature Calculations for the Authorization Header" in Amazon's API reference.
@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_requests_to_s3_are_signed_as_amazon_does(query: str, signature: str) -> None:
    key, secret = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    storage = S3Storage(Target("s3://examplebucket", key, secret))
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    url = "https://examplebucket.s3.amazonaws.com/"
    headers = storage.signed("GET", url, query, empty, "20130524T000000Z")
    assert headers["authorization"].endswith(signature)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "RequestTimeTooSkewed", "clock is wrong"),
        (403, "AccessDenied", "no access to the bucket “bucket”"),
        (403, "InvalidAccessKeyId", "refuses the user name"),
        (403, "SignatureDoesNotMatch", "refuses the user name"),
        (403, "QuotaExceeded", "is full"),
        (507, "XMinioStorageFull", "is full"),
        (404, "NoSuchBucket", "has no bucket “bucket”"),
        (403, "Other", "refuses the user name"),
    ],
)
async def test_a_refusal_of_s3_is_told_by_its_code(status: int, code: str, words: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()

    async def refuse(request: Received, writer: asyncio.StreamWriter) -> None:
        await replies(status, body, kind="application/xml")(request, writer)

    async with LoopbackServer(refuse) as server:
        storage = open_storage(Target("s3://bucket", "k", "s", server.base_url))
        with pytest.raises(SyncError, match=words):
            await storage.write("library.json", b"{}")
        await storage.close()


@pytest.mark.parametrize("address", ["s3://bucket", ""])
async def test_a_web_page_is_no_file(address: str) -> None:
    async def page(request: Received, writer: asyncio.StreamWriter) -> None:
        await replies(200, b"<!doctype html><p>Log in", kind="text/html")(request, writer)

    async with LoopbackServer(page) as server:
        target = Target(address, "k", "s", server.base_url) if address else Target(server.base_url)
        storage = open_storage(target)
        with pytest.raises(SyncError) as caught:
            await storage.read("devices/1/2")
        assert not isinstance(caught.value, SyncRefusedError)
        await storage.close()


async def test_s3_finds_its_region_and_all_pages() -> None:
    """As Garage and Amazon do: an error names the region, and a list has pages."""
    regions: list[str] = []

    async def serve(request: Received, writer: StreamWriter) -> None:
        region = request.headers["authorization"].split("/")[2]
        regions.append(region)
        xml = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>garage</Region></Error>"
        if region == "garage":
            more = "continuation-token" not in request.path
            name = "one" if more else "two"
            token = "<NextContinuationToken>a/b+c=</NextContinuationToken>" if more else ""
            row = f"<CommonPrefixes><Prefix>my library/devices/{name}/</Prefix></CommonPrefixes>"
            prefix = "<Prefix>my library/devices/</Prefix>"
            xml = f'<R xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{prefix}{row}{token}</R>'
        status = 200 if region == "garage" else 400
        await replies(status, xml.encode(), "application/xml")(request, writer)

    async with LoopbackServer(serve) as server:
        storage = open_storage(Target("s3://bucket/my library", "k", "s", server.base_url))
        assert await storage.names("devices") == ["one", "two"]
        assert regions == ["us-east-1", "garage", "garage"]
        await storage.close()


async def test_a_missing_bucket_is_said() -> None:
    xml = b"<Error><Code>NoSuchBucket</Code></Error>"
    async with LoopbackServer(replies(404, xml, "application/xml")) as server:
        storage = open_storage(Target("s3://bucket", "k", "s", server.base_url))
        with pytest.raises(SyncError, match="no bucket"):
            await storage.read("library.json")
        await storage.close()


@pytest.mark.parametrize(
    "target",
    [
        *map(Target, ("", "ftp://host/x", "davs://host", "file:///etc", "smb://nas/x", "https://")),
        *map(Target, ("https://[::1/", "https://host:99999/", "https://xn--a/", "https://a b/")),
        *map(Target, ("s3://", "s3:///x", "s3://bucket/../x", "s3://b u/x", "s3://ü/x", "a\0b")),
        *(
            Target("s3://bucket", endpoint=e)
            for e in ("file:///etc", "host:9000", "http://", "ftp://a")
        ),
        *map(Target, ("http://dav.example.com/x", "http://8.8.8.8/")),
        *map(Target, ("http://192.168.1.20:5005", "http://nas.local/dav", "http://nas/")),
        Target("s3://bucket", endpoint="http://minio.example.com"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_sentence(target: Target) -> None:
    with pytest.raises(SyncError):
        open_storage(cleaned(target) if target.address != "" else target)


def test_http_in_the_own_network_can_be_allowed() -> None:
    for target in (
        Target("http://192.168.1.20:5005"),
        Target("s3://b1b", endpoint="http://nas:9000"),
    ):
        assert target.unencrypted_host in ("192.168.1.20", "nas")
        allowed = replace(target, allows_http=True)
        assert not allowed.unencrypted_host
        open_storage(allowed)
    with pytest.raises(SyncError):
        open_storage(Target("http://example.com/", allows_http=True))


def test_a_password_leaves_the_address() -> None:
    given = Target(" https://me:sec%20ret@host/dav/me@example.org ")
    assert cleaned(given) == Target("https://host/dav/me@example.org", "me", "sec ret")
    assert cleaned(Target("s3://key:pw@bucket/x")) == Target("s3://bucket/x", "key", "pw")
    assert cleaned(Target("~/shared")).address == str(Path.home() / "shared")


def test_one_line_has_address_and_code() -> None:
    code = "ABCD-EFGH"
    for target in (
        Target("/shared/My files/ü&?", password="never"),
        Target("https://host/dav/me@example.org", "me & you", "never"),
        Target("s3://bucket/x", "key", "never", "https://s3.example.com"),
    ):
        line = joining_line(target, code)
        assert "never" not in line
        assert "\n" not in line
        assert read_joining_line(f"  {line}\n") == (replace(target, password=""), code)
    assert read_joining_line(code) is None
    assert read_joining_line("https://host/?address=x") is None


# -------------------------------------------------------------- folders


def link(path: Path, goal: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(goal)


@linux_only("links and pipes")
async def test_nothing_is_read_or_written_through_links_pipes_and_devices(tmp_path: Path) -> None:
    precious, outside = tmp_path / "precious", tmp_path / "outside"
    precious.write_bytes(b"mine")
    outside.mkdir()
    shared = tmp_path / "shared"
    storage = FolderStorage(shared)
    link(shared / "devices/0123/.head.part", precious)
    link(shared / "devices/0123/head", precious)
    await storage.write(HEAD, b"sealed")
    assert precious.read_bytes() == b"mine"
    assert await storage.read(HEAD) == b"sealed"
    for name, make in {
        "devices/a/1": lambda path: link(path, precious),
        "devices/a/2": lambda path: link(path, Path("/dev/zero")),
        "devices/a/3": os.mkfifo,
        "devices/a/4": os.mkdir,
        "devices/a/5": lambda path: link(path, path),
        "devices/a/6": lambda path: path.write_bytes(bytes(2 << 20)),
    }.items():
        make(shared / name)
        with pytest.raises(SyncRefusedError, match=name):
            await storage.read(name)
    assert await storage.names("devices/a") == ["1", "2", "3", "4", "5", "6"]
    link(shared / "devices/b", outside)
    with pytest.raises(SyncError):
        await storage.write("devices/b/head", b"sealed")
    with pytest.raises(SyncError):
        await storage.names("devices/b")
    assert not [*outside.iterdir()]
    (shared / "library.json").symlink_to(precious)
    with pytest.raises(SyncError) as caught:
        await storage.read("library.json")
    assert not isinstance(caught.value, SyncRefusedError)


@linux_only("modes of files")
async def test_a_folder_of_a_group_stays_one(tmp_path: Path) -> None:
    for mode, folder_mode, file_mode in (
        (0o2770, 0o2770, 0o660),
        (0o770, 0o770, 0o660),
        (0o777, 0o777, 0o666),
        (0o755, 0o700, 0o600),
    ):
        shared = tmp_path / oct(mode)
        shared.mkdir()
        shared.chmod(mode)
        before = os.umask(0o077)
        try:
            await FolderStorage(shared).write(HEAD, b"sealed")
        finally:
            os.umask(before)
        made = [stat.S_IMODE((shared / name).stat().st_mode) for name in ("devices", HEAD)]
        assert made == [folder_mode, file_mode]
        assert (shared / HEAD).stat().st_gid == shared.stat().st_gid


async def test_a_folder_that_does_not_answer_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storages, "_FOLDER_TIMEOUT_S", 0.05)
    answers = threading.Event()
    monkeypatch.setattr(storages, "open_file", lambda *_args, **_names: answers.wait() and None)
    storage = FolderStorage(tmp_path)
    try:
        for _ in range(2):  # no second thread waits
            with pytest.raises(SyncError, match="answer"):
                await storage.read(HEAD)
        waiting = [each for each in threading.enumerate() if each.name == "sync-folder"]
        assert len(waiting) == 1
        assert waiting[0].daemon
    finally:
        answers.set()
    waiting[0].join(10)
    monkeypatch.undo()
    assert await storage.read(HEAD) is None


async def test_news_of_other_devices_change_with_their_files(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    assert await storage.news("own") is None
    await storage.write("devices/own/head", b"1")
    first = await storage.news("own")
    await storage.write("devices/own/head", b"22")
    assert await storage.news("own") == first
    seen = [first]
    for name in ("devices/a/head", "devices/a/0000000001-0000000001", "devices/b/head"):
        await storage.write(name, b"1")
        seen.append(await storage.news("own"))
    assert all(earlier != later for earlier, later in pairwise(seen))
