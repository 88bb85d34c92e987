"""Reads tool servers (MCP) from the configuration files of other programs.

Claude Desktop and Cursor write `{"mcpServers": {NAME: {…}}}`, VS Code `{"servers": {…}}` or
`{"mcp": {"servers": {…}}}`, with comments. Each server has `command`, `args`, `env` and `cwd`, or
`url` and `headers`; an optional `type` states the transport. Cline writes `disabled`, others
`enabled`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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
        hint=N_("It needs a JSON object with “mcpServers” or “servers”."),
        name=path.name,
    )
    with reading_errors(path, ""), open_file(path) as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise refusal
    try:
        return parse_servers(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise refusal from error


def parse_servers(text: str) -> list[ConfiguredServer]:
    """Return the servers of a configuration. Raises ValueError if it has none."""
    # Twice, because a superfluous comma may precede a comment.
    plain = _without_comments(_without_comments(text))
    servers = json.loads(plain)
    for key in ("mcp", "mcpServers", "servers"):
        if isinstance(servers, dict) and isinstance(servers.get(key), dict):
            servers = servers[key]
            # "mcp" contains "servers". The keys of the others are names of servers, of which one
            # may be "servers".
            if key != "mcp":
                break
    is_valid = isinstance(servers, dict) and all(isinstance(row, dict) for row in servers.values())
    if not servers or not is_valid:
        raise ValueError("no servers")
    return [_read_server(name, fields) for name, fields in servers.items()]


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
    url = _text_or_empty(fields.get("url") or fields.get("serverUrl"))
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

    texts = {key: str(value) for key, value in values.items() if value is not None}
    return {key: _INPUT.sub(name_variable, text) for key, text in texts.items()}


def _incomplete_error(name: str) -> ToolServerError:
    return ToolServerError(
        N_("The tool server “{server}” needs either a command or an address."),
        hint=hints.CHECK_CONFIGURATION,
        server=name,
    )
