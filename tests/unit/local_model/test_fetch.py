"""Fetching of models from a host that cuts, stalls, lies and moves its files."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from desktop_app.domain.errors import IllegalChoiceError, LocalModelError, NetworkError
from desktop_app.local_model.catalog import CatalogModel, Purpose, RemoteFile
from desktop_app.local_model.fetch import PART, Progress, fetch_model, read_info
from desktop_app.local_model.store import ModelStore
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.http.download import Downloads
from desktop_app.providers.http.request_secrets import ProviderAccess
from tests.helpers.gguf_files import gguf_bytes
from tests.helpers.linux_only import linux_only
from tests.helpers.model_host import moves_to, says, serves
from tests.unit.providers.loopback import LoopbackServer, Received, Script

pytestmark = pytest.mark.usefixtures("forked_children")

CONTENT: Final = gguf_bytes(weights=200_000)
HASH: Final = hashlib.sha256(CONTENT).hexdigest()
OTHER: Final = gguf_bytes(weights=150_000)
NAME: Final = "model.gguf"


def remote_at(
    server: LoopbackServer, *, size: int = len(CONTENT), sha256: str = HASH
) -> RemoteFile:
    return RemoteFile(server.base_url + f"/{NAME}", size, sha256)


async def fetch(
    remote: RemoteFile,
    folder: Path,
    reports: list[Progress] | None = None,
    *,
    takes_any_size: bool = False,
) -> Path:
    downloads = Downloads(ProviderAccess(ON_DEVICE), silence_s=0.3)
    report = (reports if reports is not None else []).append
    return await fetch_model(
        remote, folder, downloads.open, report, takes_any_size=takes_any_size, pause_s=0.001
    )


RECOVERED: Final = {
    "whole": [serves(CONTENT)],
    "cut every 30 KB": [serves(CONTENT, cut_after=30_000)],
    "stalls once": [serves(CONTENT, stalls_after=60_000), serves(CONTENT)],
    "cut after one byte": [serves(CONTENT, cut_after=1), serves(CONTENT)],
    "cut after three bytes": [serves(CONTENT, cut_after=3), serves(CONTENT)],
    "closed without a byte, then whole": [serves(CONTENT, cut_after=0), serves(CONTENT)],
    "ignores ranges": [serves(CONTENT, cut_after=90_000), serves(CONTENT, ranges="ignored")],
    "says that it sends another range": [
        serves(CONTENT, cut_after=90_000),
        serves(CONTENT, ranges="mislabeled"),
        serves(CONTENT),
    ],
    "refuses the range": [serves(CONTENT, cut_after=90_000), serves(CONTENT, ranges="refused")],
    "no version of the file": [
        serves(CONTENT, etag="", cut_after=90_000),
        serves(CONTENT, etag=""),
    ],
    "announces more than it sends": [serves(CONTENT, stated_length=len(CONTENT)), serves(CONTENT)],
    "too busy at first": [says(503), says(429), serves(CONTENT)],
    "changed to this version meanwhile": [
        serves(gguf_bytes(weights=200_000, block_count=3), etag='"v0"', cut_after=50_000),
        serves(CONTENT),
    ],
    "moved": [moves_to("/elsewhere"), serves(CONTENT)],
    "moved, then cut": [
        moves_to("/elsewhere"),
        serves(CONTENT, cut_after=70_000),
        moves_to("elsewhere/else"),
        serves(CONTENT),
    ],
}


@pytest.mark.parametrize("fault", RECOVERED)
@pytest.mark.parametrize("is_known", [True, False], ids=["of known size", "of any address"])
async def test_a_file_arrives_whole_in_spite_of(fault: str, is_known: bool, tmp_path: Path) -> None:
    async with LoopbackServer(*RECOVERED[fault]) as server:
        sha256, size = (HASH, len(CONTENT)) if is_known else ("", 0)
        path = await fetch(remote_at(server, size=size, sha256=sha256), tmp_path / "models")
    assert path.read_bytes() == CONTENT
    info = read_info(path)
    assert info is not None
    assert (info.sha256, info.is_known) == (HASH, is_known)
    assert {file.name for file in path.parent.iterdir()} == {NAME, f"{NAME}.json"}


FAILS: Final = {
    "wrong hash": ([serves(gguf_bytes(weights=200_000, block_count=3))], "SHA-256 differs"),
    "another size": ([serves(OTHER)], "offers another file"),
    "a page to sign in": ([says(200, b"<html>Sign in</html>" * 20_000)], "isn’t|another file"),
    "missing": ([says(404)], "HTTP 404"),
    "wants an account": ([says(401)], "HTTP 401"),
    "always too busy": ([says(503)], "HTTP 503"),
    "sends other bytes than it says": (
        [serves(CONTENT, cut_after=90_000), serves(CONTENT, ranges="shifted")],
        "SHA-256 differs",
    ),
    "cuts without a byte": ([serves(CONTENT, cut_after=0)], "lost"),
    "in a circle": ([moves_to("/again")], "circle"),
    "to an unencrypted host": ([moves_to("http://example.com/m.gguf")], "encrypted"),
    "to another kind of address": ([moves_to("ftp://example.com/m.gguf")], "ftp://example.com"),
    "to a file": ([moves_to("file:///etc/passwd")], "file:///etc/passwd"),
}


@pytest.mark.parametrize("fault", FAILS)
async def test_no_model_comes_from_a_host_that(fault: str, tmp_path: Path) -> None:
    scripts, words = FAILS[fault]
    async with LoopbackServer(*scripts) as server:
        with pytest.raises((LocalModelError, NetworkError), match=words):
            await fetch(remote_at(server), tmp_path)
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (says(200, b"<html>Sign in</html>"), "didn’t send a GGUF"),
        (serves(CONTENT[:100_000], stated_length=100_000), "isn’t complete"),
        (serves(b"GGUF" + bytes(100)), "damaged|isn’t complete"),
    ],
)
async def test_any_address_must_send_a_whole_model(
    script: Script, words: str, tmp_path: Path
) -> None:
    async with LoopbackServer(script) as server:
        with pytest.raises(LocalModelError, match=words):
            await fetch(remote_at(server, size=0, sha256=""), tmp_path)
    assert not (tmp_path / NAME).exists()
    part = tmp_path / f"{NAME}{PART}"
    assert not part.exists() or not part.stat().st_size


async def test_a_pause_keeps_the_part_and_the_next_request_asks_for_the_rest(
    tmp_path: Path,
) -> None:
    async with LoopbackServer(serves(CONTENT, stalls_after=64_000), serves(CONTENT)) as server:
        remote = remote_at(server)
        downloads = Downloads(ProviderAccess(ON_DEVICE), silence_s=0.3)
        has_come = asyncio.Event()
        task = asyncio.create_task(
            fetch_model(remote, tmp_path, downloads.open, lambda _: has_come.set(), pause_s=0.001)
        )
        await has_come.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (tmp_path / f"{NAME}{PART}").exists()
        await fetch(remote, tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT


async def test_the_rest_is_requested_by_range_and_version(tmp_path: Path) -> None:
    async with LoopbackServer(serves(CONTENT, cut_after=90_000), serves(CONTENT)) as server:
        await fetch(remote_at(server), tmp_path)
        first, second = server.requests
    assert "range" not in first.headers
    assert (second.headers["range"], second.headers["if-range"]) == ("bytes=90000-", '"v1"')
    assert "authorization" not in second.headers


async def test_the_part_of_another_address_is_not_used(tmp_path: Path) -> None:
    async with LoopbackServer(serves(OTHER, cut_after=50_000)) as other:
        with pytest.raises((LocalModelError, NetworkError)):
            await fetch(RemoteFile(f"{other.base_url}/a/{NAME}", 10**6), tmp_path)
    (tmp_path / f"{NAME}{PART}").write_bytes(OTHER[:50_000])
    async with LoopbackServer(serves(CONTENT)) as server:
        await fetch(remote_at(server), tmp_path)
        assert "range" not in server.requests[0].headers


async def test_two_downloads_of_one_file_do_not_mix(tmp_path: Path) -> None:
    async with LoopbackServer(serves(CONTENT, stalls_after=64_000)) as server:
        first = asyncio.create_task(fetch(remote_at(server), tmp_path))
        await server.arrived.wait()
        with pytest.raises(LocalModelError, match="already"):
            await fetch(remote_at(server), tmp_path)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


class Usage(NamedTuple):
    free: int


async def test_a_full_disk_is_noticed_before_the_first_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = 200 << 20
    async with LoopbackServer(serves(CONTENT)) as server:
        free = len(CONTENT) + reserve - 1
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
        with pytest.raises(LocalModelError, match="too full"):
            await fetch(remote_at(server), tmp_path)
        assert not server.requests
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free + 1))
        await fetch(remote_at(server), tmp_path)


async def endless(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + CONTENT)
    with suppress(ConnectionError):
        while True:
            writer.write(b"x" * (1 << 20))
            await writer.drain()


@pytest.mark.attack("downloads")
async def test_a_host_that_does_not_say_the_size_is_refused(tmp_path: Path) -> None:
    async with LoopbackServer(endless) as server:
        with pytest.raises(LocalModelError, match="how large") as caught:
            await fetch(remote_at(server, size=0, sha256=""), tmp_path)
    assert "--any-size" in caught.value.what_to_do
    assert not list(tmp_path.iterdir())


@pytest.mark.attack("downloads")
async def test_the_room_is_checked_while_a_file_of_any_size_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / f"{NAME}{PART}"

    def usage(_: Path) -> Usage:
        return Usage((300 << 20) - (part.stat().st_size if part.exists() else 0))

    async with LoopbackServer(endless) as server:
        monkeypatch.setattr(shutil, "disk_usage", usage)
        with pytest.raises(LocalModelError, match="too full"):
            await fetch(remote_at(server, size=0, sha256=""), tmp_path, takes_any_size=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.attack("downloads")
async def test_a_part_that_is_replaced_is_not_taken_for_the_checked_file(tmp_path: Path) -> None:
    part = tmp_path / f"{NAME}{PART}"
    evil = tmp_path / "evil"
    evil.write_bytes(OTHER)

    def replace(progress: Progress) -> None:
        if progress.is_checking and evil.exists():
            evil.replace(part)

    downloads = Downloads(ProviderAccess(ON_DEVICE), silence_s=0.3)
    async with LoopbackServer(serves(CONTENT)) as server:
        with pytest.raises(LocalModelError, match="replaced"):
            await fetch_model(remote_at(server), tmp_path, downloads.open, replace)
    assert not (tmp_path / NAME).exists()
    assert part.read_bytes() == OTHER


@linux_only("named pipes, and links of every user")
@pytest.mark.attack("downloads")
@pytest.mark.parametrize("kind", ["link", "hard link", "dangling link", "pipe", "folder"])
async def test_a_part_that_is_no_file_of_ours_is_refused(tmp_path: Path, kind: str) -> None:
    part, victim = tmp_path / f"{NAME}{PART}", tmp_path / "victim"
    victim.write_text("precious")
    if kind == "link":
        part.symlink_to(victim)
    elif kind == "hard link":
        part.hardlink_to(victim)
    elif kind == "dangling link":
        part.symlink_to(tmp_path / "new")
    elif kind == "pipe":
        os.mkfifo(part)
    else:
        part.mkdir()
    async with LoopbackServer(serves(CONTENT)) as server:
        with pytest.raises(LocalModelError, match="regular file"):
            await fetch(remote_at(server), tmp_path)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "new").exists()
    ModelStore(tmp_path, tmp_path / "cache", tmp_path).partial_files()


@linux_only("named pipes, and links of every user")
@pytest.mark.attack("downloads")
@pytest.mark.parametrize("kind", ["link", "pipe"])
async def test_a_record_that_is_no_file_is_replaced(tmp_path: Path, kind: str) -> None:
    record, victim = tmp_path / f"{NAME}{PART}.json", tmp_path / "victim"
    victim.write_text("precious")
    if kind == "link":
        record.symlink_to(victim)
    else:
        os.mkfifo(record)
    async with LoopbackServer(serves(CONTENT)) as server:
        assert (await fetch(remote_at(server), tmp_path)).read_bytes() == CONTENT
    assert victim.read_text() == "precious"


@pytest.mark.attack("downloads")
async def test_a_file_that_is_there_is_said_to_be_from_where_it_is(tmp_path: Path) -> None:
    async with LoopbackServer(serves(CONTENT)) as server:
        here = remote_at(server, sha256="")
        path = await fetch(here, tmp_path)
        assert await fetch(here, tmp_path) == path
        assert await fetch(RemoteFile(f"{server.base_url}/b/{NAME}", 0, HASH), tmp_path) == path
        with pytest.raises(LocalModelError, match="another address") as caught:
            await fetch(RemoteFile(f"{server.base_url}/b/{NAME}"), tmp_path)
        assert here.url in caught.value.what_happened
        path.with_name(f"{NAME}.json").unlink()
        with pytest.raises(LocalModelError, match="didn’t download"):
            await fetch(here, tmp_path)
        assert len(server.requests) == 1


async def test_progress_names_speed_and_time_left(tmp_path: Path) -> None:
    reports: list[Progress] = []
    async with LoopbackServer(serves(CONTENT, cut_after=90_000), serves(CONTENT)) as server:
        await fetch(remote_at(server), tmp_path, reports)
    done = [report.done for report in reports if not report.is_checking]
    assert done == sorted(done)
    assert done[-1] == len(CONTENT)
    assert reports[-1].is_checking
    assert Progress(50, 150, 10.0).seconds_left == 10.0
    assert Progress(50, None, 10.0).seconds_left is Progress(50, 150).seconds_left is None


async def test_a_model_that_sees_images_comes_with_both_files(tmp_path: Path) -> None:
    second = gguf_bytes("clip")
    async with LoopbackServer(serves(second), serves(CONTENT)) as server:
        projector = RemoteFile(f"{server.base_url}/mmproj.gguf", len(second))
        model = CatalogModel(
            url=f"{server.base_url}/{NAME}",
            size=len(CONTENT),
            sha256=HASH,
            id="sees",
            label="Sees",
            publisher="P",
            license="MIT",
            purpose=Purpose.IMAGES,
            window=1024,
            memory=1,
            projector=projector,
        )
        path = await fetch(model, tmp_path)
    info = read_info(path)
    assert info is not None
    assert (info.model, info.projector) == ("sees", "mmproj.gguf")
    assert (tmp_path / "mmproj.gguf").read_bytes() == second


async def test_a_file_of_this_computer_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "my model.gguf"
    source.write_bytes(CONTENT)
    path = await fetch(RemoteFile(source.as_uri()), tmp_path / "models")
    assert path.read_bytes() == CONTENT
    with pytest.raises(LocalModelError, match="Couldn’t read"):
        await fetch(RemoteFile((tmp_path / "no.gguf").as_uri()), tmp_path / "models")


WHISPER: Final = {
    "config.json": b"{}",
    "vocabulary.txt": b"a\nb\n",
    "model.bin": b"weights" * 9_000,
}


async def test_a_model_of_speech_is_fetched_listed_and_removed_with_all_its_files(
    tmp_path: Path,
) -> None:
    scripts = [serves(content) for content in WHISPER.values()]
    cut = serves(WHISPER["model.bin"], cut_after=20_000)
    async with LoopbackServer(*scripts[:2], cut, cut, cut, cut, *scripts) as server:
        files = [
            RemoteFile(f"{server.base_url}/{name}", len(data), hashlib.sha256(data).hexdigest())
            for name, data in WHISPER.items()
        ]
        whisper = CatalogModel(
            *(files[2].url, files[2].size, files[2].sha256),
            id="whisper-small",
            label="Whisper small",
            publisher="OpenAI",
            license="MIT",
            purpose=Purpose.SPEECH,
            memory=1,
            parts=tuple(files[:2]),
        )
        store = ModelStore(tmp_path / "models", tmp_path, tmp_path)
        store.catalog = (whisper,)
        assert store.speech_models() == []
        reports: list[Progress] = []
        path = await fetch(whisper, store.folder, reports)
    assert path == store.folder / "whisper-small" / "model.bin"
    assert {name: path.with_name(name).read_bytes() for name in WHISPER} == WHISPER
    assert reports[-1].total == sum(map(len, WHISPER.values()))
    (model,) = store.speech_models()
    assert (model.name, model.path, model.size) == ("Whisper small", str(path), whisper.total_size)
    assert model.info is not None
    assert model.info.is_known
    assert store.scan() == [], "it answers no question"
    with pytest.raises(IllegalChoiceError):
        store.find("model.bin")  # the name of each of them
    freed = store.remove(store.find("whisper-small"))
    assert freed == whisper.total_size
    assert store.speech_models() == []
    assert not path.parent.exists()


async def test_a_changed_file_of_a_model_of_speech_is_refused(tmp_path: Path) -> None:
    async with LoopbackServer(serves(b"[]"), serves(WHISPER["model.bin"])) as server:
        part = RemoteFile(f"{server.base_url}/config.json", 2, hashlib.sha256(b"{}").hexdigest())
        whisper = CatalogModel(
            server.base_url + "/model.bin",
            id="whisper-small",
            label="Whisper small",
            publisher="OpenAI",
            license="MIT",
            purpose=Purpose.SPEECH,
            memory=1,
            parts=(part,),
        )
        with pytest.raises(LocalModelError, match="SHA-256 differs"):
            await fetch(whisper, tmp_path)
    assert not list((tmp_path / "whisper-small").iterdir())
