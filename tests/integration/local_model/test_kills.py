"""A download whose process is killed at any moment: the file is whole, or it is resumed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from desktop_app.local_model.catalog import RemoteFile
from desktop_app.local_model.fetch import fetch_model
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.http.download import Downloads
from desktop_app.providers.http.request_secrets import ProviderAccess
from tests.helpers.gguf_files import gguf_bytes
from tests.helpers.model_host import serves
from tests.unit.providers.loopback import LoopbackServer

CONTENT: Final = gguf_bytes(weights=3 << 20)
LONGEST_S: Final = 0.12  # an undisturbed download takes 0.1 s


@contextmanager
def host() -> Iterator[str]:
    """Serve CONTENT in another thread; yield its address."""
    addresses: list[str] = []
    is_ready, is_over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with LoopbackServer(serves(CONTENT)) as server:
            addresses.append(f"{server.base_url}/model.gguf")
            is_ready.set()
            await asyncio.to_thread(is_over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    is_ready.wait()
    try:
        yield addresses[0]
    finally:
        is_over.set()
        thread.join()


def fetch_in_fork(remote: RemoteFile, folder: Path) -> int:
    """Start a download in another process; return its id."""
    pid = os.fork()
    if pid == 0:
        downloads = Downloads(ProviderAccess(ON_DEVICE))
        asyncio.run(fetch_model(remote, folder, downloads.open, lambda _: None))
        os._exit(0)
    return pid


def end_within(pid: int, seconds: float | None) -> bool:
    """Wait for a process, and kill it after some time. Return True if it ended by itself."""
    pidfd = os.pidfd_open(pid)
    has_ended = bool(select.select([pidfd], [], [], seconds)[0])
    os.close(pidfd)
    if not has_ended:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return has_ended


@pytest.mark.parametrize(
    "kills", [10, pytest.param(50, marks=pytest.mark.slow)], ids=["10 kills", "50 kills"]
)
def test_a_killed_download_is_whole_or_resumed(kills: int, tmp_path: Path) -> None:
    chance = random.Random(20_261_128)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    target = tmp_path / "model.gguf"
    whole = 0
    with host() as url:
        remote = RemoteFile(url, len(CONTENT), sha256)
        for _ in range(kills):
            end_within(fetch_in_fork(remote, tmp_path), chance.uniform(0, LONGEST_S))
            if target.exists():
                assert target.read_bytes() == CONTENT
                whole += 1
                target.unlink()
        assert end_within(fetch_in_fork(remote, tmp_path), 30.0)
    assert target.read_bytes() == CONTENT
    assert whole < kills
    assert {file.name for file in tmp_path.iterdir()} >= {"model.gguf", "model.gguf.json"}
