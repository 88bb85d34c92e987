"""The process of a tool server itself: what it loads and inherits, and that nothing stays of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.process_tree import processes_below, wait_until_gone
from tests.helpers.server_runs import scripted_server

ROOT = Path(__file__).parents[3]

USE_OF_A_SERVER = """
import asyncio, sys
from tests.helpers.server_runs import scripted_server

async def use() -> None:
    async with scripted_server() as server:
        assert await server.call("echo", text="hi") == "echo: hi"

asyncio.run(use())
assert "desktop_app.tools.servers.server_connection" in sys.modules
print(*[name for name in sys.modules if name.partition(".")[0] in ("mcp", "mcp_types")])
"""


@pytest.mark.slow
def test_no_other_process_loads_the_sdk() -> None:
    # In a process of its own, because other tests load the SDK.
    command = [sys.executable, "-c", USE_OF_A_SERVER]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "\n"


async def test_the_environment_has_nothing_of_ours_and_the_folder_is_the_configured_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH"):
        monkeypatch.setenv(name, "hidden")
    own = {"MINE": "${env:THERE}"}
    variables = {"THERE": "given", "HTTPS_PROXY": "http://me:pw@proxy", "NO_PROXY": "host"}
    async with scripted_server(
        environment=own, variables=variables, folder=str(tmp_path)
    ) as server:
        seen = json.loads(await server.call("environment"))
    assert seen["cwd"] == str(tmp_path)
    found = seen["env"]
    assert "hidden" not in found.values()
    assert (found["MINE"], found["NO_PROXY"]) == ("given", "host")
    assert "HTTPS_PROXY" not in found
    assert "PATH" in found


async def test_nothing_is_left_after_a_stop() -> None:
    async with scripted_server("detaches", "stays") as server:
        before = await processes_below(os.getpid())
        await server.tools()
        started = await processes_below(os.getpid()) - before
        assert len(started) >= 4
        await server.run.stop()
        await wait_until_gone(started)
