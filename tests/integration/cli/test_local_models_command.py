"""`repartee models list`, `get` and `remove`, with a host of models on this computer."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.helpers.gguf_files import gguf_bytes, write_gguf
from tests.helpers.model_host import says, serves
from tests.integration.cli.command import Shell, against
from tests.unit.providers.loopback import LoopbackServer

CONTENT = gguf_bytes(weights=100_000)


def test_a_model_is_fetched_listed_and_removed(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        url = f"{server.base_url}/mine.gguf"
        fetched = await shell.run("models", "get", url, "--json")
        path = shell.home / "data/models/mine.gguf"
        assert path.read_bytes() == CONTENT
        assert fetched.json["path"] == str(path)
        assert fetched.json["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert fetched.json["known_hash"] is False
        listed = (await shell.run("models", "list", "--json")).json
        assert [model["name"] for model in listed["models"]] == ["mine"]
        assert len(listed["catalog"]) >= 6
        assert listed["free_disk"] > 0 < listed["free_memory"]
        assert (await shell.run("models", "get", url)).out == f"{path}\n"  # it is there
        assert len(server.requests) == 1
        removed = await shell.run("models", "remove", "mine", "--json")
        assert removed.json == {"removed": [str(path)], "bytes": len(CONTENT)}
        assert not list(path.parent.iterdir())

    against(serves(CONTENT), test=test, models=())


def test_an_interrupted_download_is_listed_and_resumed(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        url = f"{server.base_url}/mine.gguf"
        failed = await shell.run("models", "get", url, "--progress")
        assert failed.code == 1
        assert "HTTP 404" in failed.err
        table = (await shell.run("models", "list")).out
        assert "Not complete" in table
        assert "39.1 KB of 97.9 KB" in table or "39 KB of 98 KB" in table
        done = await shell.run("models", "get", url, "--progress")
        assert server.requests[-1].headers["range"] == "bytes=40000-"
        assert f"{len(CONTENT)} {len(CONTENT)}\n" in done.err
        assert "Not complete" not in (await shell.run("models", "list")).out

    against(serves(CONTENT, cut_after=40_000), says(404), serves(CONTENT), test=test, models=())


async def test_names_that_mean_nothing_are_refused(shell: Shell) -> None:
    unknown = await shell.run("models", "get", "qwen3-5b")
    assert unknown.code == 2
    assert "models list" in unknown.err
    assert (await shell.run("models", "remove", "qwen3-4b")).code == 2


async def test_a_model_of_another_app_is_listed_but_not_removed(shell: Shell) -> None:
    path = write_gguf(Path(shell.environment["HOME"]) / ".lmstudio/models/p/m/theirs.gguf")
    assert "LM Studio" in (await shell.run("models", "list")).out
    refused = await shell.run("models", "remove", "theirs")
    assert refused.code == 2
    assert "LM Studio" in refused.err
    assert path.exists()
