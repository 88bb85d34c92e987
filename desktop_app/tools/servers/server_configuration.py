"""Reads tool servers (MCP) from the configuration files of other programs.

Claude Desktop, Cursor and Gemini write `{"mcpServers": {NAME: {…}}}`, VS Code `{"servers": {…}}` or
`{"mcp": {"servers": {…}}}`, Zed `context_servers`, opencode `mcp`, Codex `mcp_servers` in TOML, and
Goose `extensions` in YAML. Each server has `command`, `args`, `env` and `cwd`, or `url` and
`headers`, or other words for them (`_usual`); an optional `type` states the transport. Cline writes
`disabled`, others `enabled`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from desktop_app.domain import hints
from desktop_app.domain.errors import ToolServerError, UserFacingError
from desktop_app.foreign_file import open_file, reading_errors
from desktop_app.i18n.translation import N_
from desktop_app.tools.servers.tool_server import (
    MAX_SERVER_NAME_CHARS,
    ServerSecrets,
    ToolServer,
    server_of,
)

MAX_FILE_BYTES: Final = 1 << 20
_REMOTE_TRANSPORTS: Final = ("http", "streamable-http", "streamable_http", "streamableHttp")
# Also matches an unclosed string or comment. Otherwise each opening quote or comment would cause a
# search to the end of the file.
_STRING_OR_COMMENT: Final = re.compile(
    r'"(?:[^"\\]|\\.)*+"?|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<comma>,(?=\s*[}\]]))', re.S
)
_INPUT: Final = re.compile(r"\$\{input:([^${}]+)\}")
# As opencode and Gemini write them.
_VARIABLE: Final = re.compile(r"(?<!\$)\{env:(\w+)\}|^\$(\w+)$")
_PLACES: Final = (
    ("mcpServers",),
    ("context_servers",),
    ("mcp_servers",),
    ("mcp", "servers"),
    ("servers",),
    ("mcp",),
    ("extensions",),
    (),
)
"""The keys below which the servers are, with their names as keys."""
_NOT_IN_VARIABLES: Final = re.compile(r"\W|^(?=\d)", re.ASCII)
_NOT_IN_SERVER_NAMES: Final = re.compile(r"[^a-z0-9]+")


class _ServerOffError(ToolServerError):
    """The file disables the server."""


@dataclass(frozen=True)
class ConfiguredServer:
    """A server in a file, or the error if it cannot be used.

    Attributes:
        name: as written in the file.
    """

    name: str
    server: ToolServer | None = None
    secrets: ServerSecrets = field(default_factory=ServerSecrets)
    error: UserFacingError | None = None

    @property
    def is_disabled(self) -> bool:
        return isinstance(self.error, _ServerOffError)

    def require_usable(self) -> tuple[ToolServer, ServerSecrets]:
        """Return the server and its secrets. Raises UserFacingError if it cannot be used."""
        if self.server is None:
            raise self.error or _incomplete_error(self.name)
        return self.server, self.secrets


def read_servers(path: Path) -> list[ConfiguredServer]:
    """Return the servers of a file.

    Raises:
        ImportRefusedError: it cannot be read.
        ToolServerError: it is too large, or has no servers.
    """
    refusal = ToolServerError(
        N_("“{name}” has no configuration of tool servers."),
        hint=N_("It needs “mcpServers” or “servers”, as Claude, VS Code, Zed or Codex write them."),
        name=path.name,
    )
    with reading_errors(path, ""), open_file(path) as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise refusal
    try:
        return parse_servers(data.decode("utf-8-sig"), path.suffix)
    except (ValueError, RecursionError) as error:
        raise refusal from error


def parse_servers(text: str, ending: str = ".json") -> list[ConfiguredServer]:
    """Return the servers of a configuration. Raises ValueError if it has none."""
    value = _parsed(text, ending.lower())
    for place in _PLACES:
        servers: Any = value
        for key in place:
            servers = servers.get(key) if isinstance(servers, dict) else None
        if isinstance(servers, dict) and _are_rows(servers.values(), place):
            return [_read_server(str(name), _usual(row)) for name, row in servers.items()]
    raise ValueError("no servers")


def _parsed(text: str, ending: str) -> Any:
    if ending == ".toml":
        import tomllib

        return tomllib.loads(text)
    if ending in (".yaml", ".yml"):
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error
    # Twice, because a superfluous comma may precede a comment.
    return json.loads(_without_comments(_without_comments(text)))


def _are_rows(values: Collection[object], place: tuple[str, ...]) -> bool:
    """Return True for descriptions of servers, of which some may be incomplete.

    The name "mcpServers" is enough; the others hold different things in other files.
    """
    words = {name for usual, others in _OTHER_NAMES.items() for name in (usual, *others)}
    rows = [row for row in values if isinstance(row, dict)]
    is_known = (place == _PLACES[0] and rows) or any(words & row.keys() for row in rows)
    return len(rows) == len(values) and bool(is_known)


def _usual(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a server by the names that most programs use."""
    fields = dict(row)
    for usual, others in _OTHER_NAMES.items():
        found = (fields[name] for name in others if fields.get(name))
        fields[usual] = fields.get(usual) or next(found, None)
    command = fields["command"]
    if isinstance(command, list) and command:  # opencode
        fields |= {"command": command[0], "args": command[1:]}
    elif isinstance(command, dict):  # Zed, formerly
        fields |= {**command, "command": command.get("path")}
    environment, headers = fields["env"] or {}, fields["headers"] or {}
    if isinstance(environment, dict) and isinstance(headers, dict):
        for name in (*_listed(fields, "env_keys"), *_listed(fields, "env_vars")):
            environment = {name: f"${{env:{name}}}", **environment}
        named = fields.get("env_http_headers")
        for name, variable in (named if isinstance(named, dict) else {}).items():
            headers = {**headers, name: f"${{env:{variable}}}"}
        if token := fields.get("bearer_token_env_var"):
            headers = {**headers, "Authorization": f"Bearer ${{env:{token}}}"}
        fields |= {"env": environment, "headers": headers}
    return fields


_OTHER_NAMES: Final = {
    "command": ("cmd",),
    "url": ("serverUrl", "httpUrl", "uri"),
    "env": ("environment", "envs"),
    "headers": ("http_headers",),
}


def _listed(fields: Mapping[str, Any], name: str) -> list[str]:
    values = fields.get(name)
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


def _without_comments(text: str) -> str:
    """Replace comments, and commas before a closing bracket, by spaces."""
    return _STRING_OR_COMMENT.sub(
        lambda match: " " if match["comment"] or match["comma"] else match[0], text
    )


def _read_server(name: str, fields: Mapping[str, Any]) -> ConfiguredServer:
    usable_name = _NOT_IN_SERVER_NAMES.sub("-", name.lower()).strip("-")
    usable_name = usable_name[:MAX_SERVER_NAME_CHARS].strip("-")  # the cut may be at a hyphen
    try:
        server, secrets = _server_from(usable_name, fields)
    except ToolServerError as error:
        return ConfiguredServer(name, error=error)
    return ConfiguredServer(name, server, secrets)


def _server_from(name: str, fields: Mapping[str, Any]) -> tuple[ToolServer, ServerSecrets]:
    """Return a server and its secrets. Raises ToolServerError if it cannot be used."""
    transport = fields.get("type") or fields.get("transport") or ""
    if fields.get("disabled") is True or fields.get("enabled") is False:
        raise _ServerOffError(
            N_("The tool server “{server}” is turned off in the file and wasn’t added."),
            hint=N_("Turn it on there and import again."),
            server=name,
        )
    if transport == "sse":
        raise ToolServerError(
            N_("The tool server “{server}” uses SSE, which isn’t supported."),
            hint=N_("Use its address for streamable HTTP."),
            server=name,
        )
    if env_file := fields.get("envFile"):
        raise ToolServerError(
            N_("The tool server “{server}” reads variables from “{file}” and wasn’t added."),
            hint=N_("Copy them to “env” and import again."),
            server=name,
            file=str(env_file),
        )
    command = _text_or_empty(fields.get("command"))
    url = _text_or_empty(fields.get("url"))
    arguments = fields.get("args", [])
    if not isinstance(arguments, list) or not all(
        isinstance(each, str | int | float) for each in arguments
    ):
        raise _incomplete_error(name)
    # The file may have both `command` and `url`: then the transport decides.
    is_remote = not command or transport in _REMOTE_TRANSPORTS
    return server_of(
        name,
        command=() if is_remote else (command, *map(str, arguments)),
        folder=_text_or_empty(fields.get("cwd")),
        url=url if is_remote else "",
        environment=_parse_texts(name, fields.get("env")),
        headers=_parse_texts(name, fields.get("headers")),
    )


def _text_or_empty(value: object) -> str:
    return value if isinstance(value, str) else ""


def _parse_texts(name: str, values: object) -> dict[str, str]:
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise _incomplete_error(name)

    def name_variable(match: re.Match[str]) -> str:  # VS Code asks the user for its value
        return f"${{env:{_NOT_IN_VARIABLES.sub('_', match[1])}}}"

    texts = {
        str(key): _VARIABLE.sub(lambda match: f"${{env:{match[1] or match[2]}}}", str(value))
        for key, value in values.items()
        if value is not None
    }
    return {key: _INPUT.sub(name_variable, text) for key, text in texts.items()}


def _incomplete_error(name: str) -> ToolServerError:
    return ToolServerError(
        N_("The tool server “{server}” needs either a command or an address."),
        hint=hints.CHECK_CONFIGURATION,
        server=name,
    )
