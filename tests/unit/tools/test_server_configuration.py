"""Servers of tools in the configuration files of other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop_app.domain.errors import ImportRefusedError, ToolServerError
from desktop_app.tools.servers.server_configuration import parse_servers, read_servers
from desktop_app.tools.servers.tool_server import launch_message

CLAUDE = {
    "mcpServers": {
        "filesystem": {"command": "npx", "args": ["-y", "pkg", "/home/person/a b"]},
        "Brave Search": {"command": "npx", "env": {"KEY": "secret-1", "HOME": "${env:HOME}"}},
    }
}
CODE = """{
  // servers of this workspace
  "servers": {
    "github": {
      "type": "http",
      "url": "https://example.com/mcp?key=secret-2", /* a // comment */
      "headers": {"Authorization": "Bearer ${env:TOKEN}", "X-Key": "secret-3",},
    },
    "local": {"type": "stdio", "command": "python", "args": ["-m", "x"], "cwd": "/srv"},
  },
}"""


def test_configurations_of_claude_desktop_and_cursor_are_read() -> None:
    files, search = parse_servers(json.dumps(CLAUDE))
    server, secrets = files.require_usable()
    assert (server.name, server.command) == ("filesystem", ("npx", "-y", "pkg", "/home/person/a b"))
    assert not secrets
    server, secrets = search.require_usable()
    assert server.name == "brave-search"
    assert server.environment == {"KEY": "", "HOME": "${env:HOME}"}
    assert secrets.environment == {"KEY": "secret-1"}
    assert "secret-" not in repr(server) + repr(secrets)


def test_configurations_of_vs_code_may_have_comments() -> None:
    web, local = parse_servers(CODE)
    server, secrets = web.require_usable()
    assert (server.url, server.has_query) == ("https://example.com/mcp", True)
    assert server.headers == {"Authorization": "Bearer ${env:TOKEN}", "X-Key": ""}
    assert (secrets.query, secrets.headers) == ("key=secret-2", {"X-Key": "secret-3"})
    assert "secret-" not in repr(server)
    order = launch_message(server, secrets, {"TOKEN": "t"}, "/home/person")
    assert order["url"] == "https://example.com/mcp?key=secret-2"
    assert order["headers"] == {"Authorization": "Bearer t", "X-Key": "secret-3"}
    server, _ = local.require_usable()
    assert (server.command, server.folder) == (("python", "-m", "x"), "/srv")


def test_a_server_may_be_called_servers() -> None:
    rows = {"servers": {"command": "x"}, "other": {"command": "y"}}
    assert [found.name for found in parse_servers(json.dumps({"mcpServers": rows}))] == list(rows)


def test_inputs_of_vs_code_become_variables() -> None:
    """Otherwise the placeholder itself would be kept, and sent as a password."""
    headers = {"Authorization": "Bearer ${input:api-key}", "X": "${input:2nd}"}
    (read,) = parse_servers(
        json.dumps({"servers": {"a": {"url": "https://host/", "headers": headers}}})
    )
    server, secrets = read.require_usable()
    assert server.headers == {"Authorization": "Bearer ${env:api_key}", "X": "${env:_2nd}"}
    assert not secrets


def test_settings_of_vs_code_are_read() -> None:
    (read,) = parse_servers('{"mcp": {"servers": {"a": {"command": "x"}}}}')
    assert read.require_usable()[0].name == "a"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"command": [["x"], "y"]},
        {"url": None, "serverUrl": None},
        {"command": "x", "args": "y"},
        {"command": "x", "args": [["y"]]},
        {"command": "x", "env": ["a"]},
        {"url": "http://example.com"},
        {"url": "https://user:secret@example.com/"},
        {"command": "psql", "args": ["postgres://me:secret@host/db"]},
        {"url": "https://host", "headers": {"A": "b\r\nC: d"}},
    ],
)
def test_an_unusable_server_does_not_prevent_the_next(fields: dict[str, object]) -> None:
    text = json.dumps({"mcpServers": {"bad": fields, "good": {"command": "x"}}})
    bad, good = parse_servers(text)
    with pytest.raises(ToolServerError) as caught:
        bad.require_usable()
    assert "secret" not in str(caught.value)
    assert good.require_usable()[0].name == "good"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "{}", '{"a": 1}', '{"mcpServers": {}}', "\0", "[" * 100_000]
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ToolServerError, match="has no configuration"):
        read_servers(path)


@pytest.mark.parametrize("key", ["type", "transport"])
def test_the_sse_transport_is_refused(key: str) -> None:
    fields = {key: "sse", "url": "https://host/sse"}
    (read,) = parse_servers(json.dumps({"mcpServers": {"Old": fields}}))
    with pytest.raises(ToolServerError, match="“old” uses SSE, which isn’t supported"):
        read.require_usable()
    assert not read.is_disabled


@pytest.mark.parametrize("field", [{"disabled": True}, {"enabled": False}])
def test_a_server_that_is_turned_off_is_skipped(field: dict[str, bool]) -> None:
    off, on = parse_servers(
        json.dumps(
            {
                "mcpServers": {
                    "off": {"command": "x", **field},
                    "on": {"command": "x", "disabled": False, "enabled": True},
                }
            }
        )
    )
    assert off.is_disabled
    with pytest.raises(ToolServerError, match="turned off in the file"):
        off.require_usable()
    assert not on.is_disabled
    assert on.require_usable()[0].name == "on"


def test_a_server_with_a_file_of_variables_is_refused_by_name() -> None:
    """Without them it would start and fail for a reason that nobody sees."""
    with_file, without = parse_servers(
        json.dumps(
            {
                "mcpServers": {
                    "with": {"command": "x", "envFile": "${workspaceFolder}/.env"},
                    "without": {"command": "x", "envFile": ""},
                }
            }
        )
    )
    with pytest.raises(
        ToolServerError, match=r"reads variables from “\$\{workspaceFolder\}/\.env”"
    ):
        with_file.require_usable()
    assert not with_file.is_disabled
    assert without.require_usable()[0].name == "without"


OTHERS = {
    "zed.json": """{"theme": {"mode": "dark"}, "context_servers": {
        "a": {"command": {"path": "npx", "args": ["-y", "x"], "env": {"T": "${T}"}}},
        "b": {"source": "custom", "url": "https://b.example/mcp", "headers": {"X": "${T}"}}}}""",
    "gemini.json": """{"mcp": {"allowed": ["a"]}, "mcpServers": {
        "a": {"command": "npx", "args": ["-y", "x"], "env": {"T": "$T"}, "trust": true},
        "b": {"httpUrl": "https://b.example/mcp", "headers": {"X": "${T}"}}}}""",
    "opencode.json": """{"mcp": {
        "a": {"type": "local", "command": ["npx", "-y", "x"], "environment": {"T": "{env:T}"}},
        "b": {"type": "remote", "url": "https://b.example/mcp", "headers": {"X": "{env:T}"}}}}""",
    "config.toml": """
        model = "o3"
        [mcp_servers.a]
        command = "npx"
        args = ["-y", "x"]
        env_vars = ["T"]
        [mcp_servers.b]
        url = "https://b.example/mcp"
        env_http_headers = { X = "T" }
        """,
    "config.yaml": """
GOOSE_PROVIDER: openai
extensions:
  a: {type: stdio, cmd: npx, args: [-y, x], env_keys: [T], enabled: true, timeout: 300}
  b: {type: streamable_http, uri: https://b.example/mcp, headers: {X: "${T}"}, enabled: true}
""",
}


@pytest.mark.parametrize("name", OTHERS)
def test_servers_of_other_programs_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(OTHERS[name])
    a, b = (found.require_usable()[0] for found in read_servers(tmp_path / name))
    assert (a.name, a.command, a.url) == ("a", ("npx", "-y", "x"), "")
    assert a.environment["T"] in ("${env:T}", "${T}")
    assert (b.name, b.command, b.url) == ("b", (), "https://b.example/mcp")
    assert b.headers["X"] in ("${env:T}", "${T}")


@pytest.mark.parametrize("name", ["a.toml", "a.yaml"])
@pytest.mark.parametrize("text", ["", "[", "a: [", "x = 1", "- 1", "!!python/object:os.system {}"])
def test_other_files_of_their_formats_are_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ToolServerError, match="has no configuration"):
        read_servers(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    with pytest.raises(ImportRefusedError, match="it doesn’t exist") as caught:
        read_servers(path)
    assert path.name in caught.value.what_happened
    assert caught.value.details == str(path)


@pytest.mark.attack("imports")
@pytest.mark.parametrize("text", [r"\"" * 300_000, "/* " * 300_000, f'"{"a" * 1_000_000}'])
def test_a_file_of_unclosed_strings_or_comments_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        parse_servers(text)


@pytest.mark.attack("imports")
@pytest.mark.parametrize("value", ["a" * 900_000, "${input:" * 100_000, "--token" * 100_000])
def test_a_huge_value_is_read_at_once(value: str) -> None:
    fields = {"command": "serve", "args": [value], "env": {"LEVEL": value}}
    [read] = parse_servers(json.dumps({"mcpServers": {"huge": fields}}))
    server, _ = read.require_usable()
    assert server.command == ("serve", value)
