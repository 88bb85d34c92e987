"""Two computers share a library on real servers: WsgiDAV, rclone's WebDAV, moto's S3, Syncthing."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
import urllib.request
from asyncio import StreamWriter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from desktop_app.domain.errors import SyncError
from desktop_app.sync import web_storage
from desktop_app.sync.storage import open_storage
from desktop_app.sync.target import Target
from tests.helpers.gateways import tool_folder
from tests.helpers.llama_server import free_port
from tests.helpers.messages import answer, question
from tests.helpers.synced_computers import PASSPHRASE, computers, settle
from tests.unit.providers.loopback import LoopbackServer, Received

pytestmark = pytest.mark.slow
_START_S = 60.0


@contextmanager
def running(command: list[str], url: str) -> Iterator[None]:
    """Run a server until the end, once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + _START_S
    try:
        while True:
            try:
                urllib.request.urlopen(url)
                break
            except HTTPError:
                break
            except URLError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["wsgidav", "rclone", "moto"])
def target(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Target]:
    """Yield an empty storage on a server."""
    tools = tool_folder("sync-servers")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    folder = tmp_path / "served"
    folder.mkdir()
    if request.param == "wsgidav":
        command = [str(tools / "wsgidav"), "--host=127.0.0.1", f"--port={port}", "--auth=anonymous"]
        with running([*command, f"--root={folder}", "--server=cheroot"], url):
            yield Target(f"{url}/")
    elif request.param == "rclone":
        command = [
            str(tools / "rclone"),
            "serve",
            "webdav",
            str(folder),
            f"--addr=127.0.0.1:{port}",
        ]
        with running([*command, "--user=me", "--pass=secret words"], url):
            yield Target(url, "me", "secret words")
    else:
        command = [str(tools / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
        with running(command, url):
            urllib.request.urlopen(urllib.request.Request(f"{url}/bucket", method="PUT"))
            yield Target("s3://bucket/my library", "key", "secret", url)


async def test_two_computers_have_the_same_library(tmp_path: Path, target: Target) -> None:
    async with computers(tmp_path, "a", "b", is_joined=False) as made:
        for each in made:
            await each.sync.join(target, PASSPHRASE, name=each.name)
        await made[0].add("c1", "On a server")
        asked = question("Why?")
        await made[0].write(asked, "c1")
        await settle(made)
        await made[0].write(answer("Because."), "c1", asked.id)
        await made[0].sync.synchronize()
        await made[1].sync.synchronize()
        texts = [message.text for message in await made[1].conversations.messages("c1")]
        assert texts == ["Why?", "Because."]
        assert await made[0].content() == await made[1].content()


async def test_files_are_listed_replaced_and_removed(target: Target) -> None:
    storage = open_storage(target)
    try:
        assert await storage.names("devices") == []
        assert await storage.read("devices/x y/ü") is None
        for content in (b"one", b"two"):
            await storage.write("devices/x y/ü", content)
            assert await storage.read("devices/x y/ü") == content
        assert await storage.names("devices") == ["x y"]
        assert await storage.names("devices/x y") == ["ü"]
        await storage.remove("devices/x y/ü")
        await storage.remove("devices/x y/ü")
        assert await storage.read("devices/x y/ü") is None
    finally:
        await storage.close()


async def test_a_server_that_is_gone_or_refuses_is_said(target: Target) -> None:
    closed = Target(f"http://127.0.0.1:{free_port()}")
    storage = open_storage(closed)
    with pytest.raises(SyncError):
        await storage.read("library.json")
    await storage.close()


async def test_a_silent_server_of_s3_is_said_but_a_slow_upload_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_storage, "_TIMEOUT_S", 0.5)

    async def serve(request: Received, writer: StreamWriter) -> None:
        if request.method == "PUT":
            await asyncio.sleep(1)
            writer.write(b'HTTP/1.1 200 OK\r\netag: "1"\r\ncontent-length: 0\r\n\r\n')
        else:
            await request.gone.wait()

    async with LoopbackServer(serve) as server:
        storage = open_storage(Target("s3://bucket", "key", "secret", server.base_url[:-3]))
        await storage.write("slow", b"file")
        with pytest.raises(SyncError):
            await storage.read("library.json")
        await storage.close()


SYNCTHING_CONFIG = """<configuration version="35">
    <folder id="library" path="{folder}" fsWatcherEnabled="true" fsWatcherDelayS="1">
        <device id="{ids[0]}"/><device id="{ids[1]}"/><minDiskFree unit="%">0</minDiskFree>
    </folder>
    <device id="{ids[0]}"><address>tcp://127.0.0.1:{ports[0]}</address></device>
    <device id="{ids[1]}"><address>tcp://127.0.0.1:{ports[1]}</address></device>
    <gui enabled="true"><address>127.0.0.1:{gui}</address></gui>
    <options>
        <listenAddress>tcp://127.0.0.1:{port}</listenAddress>
        <globalAnnounceEnabled>false</globalAnnounceEnabled>
        <localAnnounceEnabled>false</localAnnounceEnabled>
        <relaysEnabled>false</relaysEnabled>
        <natEnabled>false</natEnabled>
        <urAccepted>-1</urAccepted>
        <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
        <crashReportingEnabled>false</crashReportingEnabled>
        <reconnectionIntervalS>1</reconnectionIntervalS>
    </options>
</configuration>"""


@contextmanager
def syncthings(folders: list[Path]) -> Iterator[None]:
    """Run a Syncthing for each of two folders, which copies it to the other one."""
    program = shutil.which("syncthing")
    if program is None:
        pytest.skip("Syncthing is not installed")
    homes = [folder.with_name(f"{folder.name}-syncthing") for folder in folders]
    ids = []
    for home in homes:
        subprocess.run([program, "generate", f"--home={home}"], check=True, capture_output=True)
        done = subprocess.run(
            [program, f"--home={home}", "--device-id"], check=True, capture_output=True, text=True
        )
        ids.append(done.stdout.strip())
    ports = [free_port() for _ in folders]
    with ExitStack() as stack:
        for folder, home, port in zip(folders, homes, ports, strict=True):
            gui = free_port()
            config = SYNCTHING_CONFIG.format(
                folder=folder, ids=ids, ports=ports, port=port, gui=gui
            )
            (home / "config.xml").write_text(config)
            command = [program, "serve", f"--home={home}", "--no-browser", "--no-restart"]
            stack.enter_context(running(command, f"http://127.0.0.1:{gui}"))
        yield


async def test_syncthing_copies_a_library(tmp_path: Path) -> None:
    folders = [tmp_path / "a-shared", tmp_path / "b-shared"]
    for folder in folders:
        folder.mkdir()
    async with computers(tmp_path, "a", "b", is_joined=False) as made:
        with syncthings(folders):
            deadline = time.monotonic() + 2 * _START_S

            async def until(is_true: Callable[[], Awaitable[bool]]) -> None:
                while not await is_true():
                    assert time.monotonic() < deadline
                    await asyncio.sleep(0.2)

            async def are_same() -> bool:
                await settle(made, 1)
                return await made[0].content() == await made[1].content()

            async def has_arrived() -> bool:
                return (folders[1] / "library.json").exists()

            for each, folder in zip(made, folders, strict=True):
                await each.sync.join(Target(str(folder)), PASSPHRASE, name=each.name)
                await each.add(f"by {each.name}")
                await until(has_arrived)
            await until(are_same)
            for each in made:  # at the same time
                await each.conversations.rename("by a", f"renamed by {each.name}")
                await each.write(question("Both ask"), "by b")
            await until(are_same)
            assert len(await made[0].conversations.messages("by b")) == 2
    assert not [*tmp_path.rglob("*sync-conflict*")]
