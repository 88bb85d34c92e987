"""Servers from the registries, pinned in packaging/requirements/mcp-node and mcp-python.txt."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop_app.domain.tools.tool import ToolKind
from tests.helpers.gateways import NODE, tool_folder
from tests.helpers.llama_server import free_port, wait_for
from tests.helpers.server_runs import running_server


def node_server(name: str) -> tuple[str, str]:
    return str(NODE), str((tool_folder("mcp-node") / ".bin" / name).resolve())


def python_server(name: str, tool: str = "mcp-python") -> str:
    return str(tool_folder(tool) / name)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.mark.slow
async def test_the_filesystem_server_reads_and_writes_its_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The answer is 42.")
    async with running_server(*node_server("mcp-server-filesystem"), str(tmp_path)) as server:
        tools = await server.tools()
        assert {"read_text_file", "write_file", "list_directory"} <= tools.keys()
        read = await server.call("read_text_file", path=str(tmp_path / "a.txt"))
        assert read == "The answer is 42."
        outside = await server.call("read_text_file", path="/etc/passwd")
        assert outside.startswith("ToolError: Access denied")
        await server.call("write_file", path=str(tmp_path / "b.txt"), content="new")
        assert (tmp_path / "b.txt").read_text() == "new"
        assert tools["write_file"].kind is not ToolKind.READS


@pytest.mark.slow
async def test_everything_on_standard_streams() -> None:
    async with running_server(*node_server("mcp-server-everything"), "stdio") as server:
        assert await server.call("echo", message="hi") == "Echo: hi"
        assert "5" in await server.call("get-sum", a=2, b=3)
        reports: list[tuple[float, float | None, str]] = []
        await server.call(
            "trigger-long-running-operation",
            lambda *report: reports.append(report),
            duration=1,
            steps=4,
        )
        assert [(done, total) for done, total, _ in reports] == [(n, 4) for n in (1, 2, 3, 4)]
        image = await server.call("get-tiny-image")
        assert "image/png" in image
        assert await server.run.fetch_list("resources")
        prompts = {row["name"] for row in await server.run.fetch_list("prompts")}
        assert "simple-prompt" in prompts
        got = await server.run.request("prompt", name="simple-prompt", arguments={})
        assert got["text"]


@pytest.mark.slow
async def test_tools_of_a_server_are_called_over_http() -> None:
    with everything_on_a_port() as url:
        async with running_server(url=url) as server:
            assert await server.call("echo", message="hi") == "Echo: hi"
            reports: list[float] = []
            operation = "trigger-long-running-operation"
            await server.call(operation, lambda done, *_: reports.append(done), duration=1, steps=2)
            assert reports == [1, 2]


@contextmanager
def everything_on_a_port() -> Iterator[str]:
    port = free_port()
    environment = {**os.environ, "PORT": str(port)}
    command = [*node_server("mcp-server-everything"), "streamableHttp"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/mcp")
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
async def test_the_git_server_changes_a_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("x")
    async with running_server(
        python_server("mcp-server-git"), "--repository", str(tmp_path)
    ) as server:
        assert "a.txt" in await server.call("git_status", repo_path=str(tmp_path))
        await server.call("git_add", repo_path=str(tmp_path), files=["a.txt"])
        assert git(tmp_path, "status", "--short") == "A  a.txt\n"


@pytest.mark.slow
async def test_the_sqlite_server_answers_queries(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    command = python_server("mcp-server-sqlite", "mcp-sqlite")
    async with running_server(command, "--db-path", str(path)) as server:
        await server.call("create_table", query="CREATE TABLE a (n INTEGER)")
        await server.call("write_query", query="INSERT INTO a VALUES (41), (1)")
        assert "42" in await server.call("read_query", query="SELECT sum(n) FROM a")
        assert [row["uri"] for row in await server.run.fetch_list("resources")] == [
            "memo://insights"
        ]
        assert [row["name"] for row in await server.run.fetch_list("prompts")] == ["mcp-demo"]


@contextmanager
def page(text: str) -> Iterator[str]:
    """Serve a page; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/page"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if found:
                self.wfile.write(f"<html><body><p>{text}</p></body></html>".encode())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 — its name
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/page"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow
async def test_the_fetch_server_reads_a_page() -> None:
    with page("The answer is 42.") as address:
        command = (python_server("mcp-server-fetch"), "--allow-private-ips")
        async with running_server(*command) as server:
            assert "The answer is 42." in await server.call("fetch", url=address)
            missing = await server.call("fetch", url=address + "/none")
            assert missing.startswith("ToolError: ")


@pytest.mark.slow
async def test_the_playwright_server_outlives_a_missing_browser(tmp_path: Path) -> None:
    command = (*node_server("playwright-mcp"), "--headless", "--isolated")
    async with running_server(*command, folder=str(tmp_path)) as server:
        tools = await server.tools()
        assert {"browser_navigate", "browser_snapshot"} <= tools.keys()
        assert tools["browser_navigate"].kind is ToolKind.LEAVES
        # Without a browser on the computer, the server says so, and lives on.
        opened = await server.call("browser_navigate", url="data:text/html,<p>42</p>")
        assert "42" in opened or "ToolError" in opened
        assert server.run.failure is None
