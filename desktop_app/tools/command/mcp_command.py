"""`repartee mcp`: adds, lists, removes, tests and imports servers of tools, and signs in."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from desktop_app.chat.command.chosen_model import replace_invalid_utf8
from desktop_app.child_processes import open_in_browser
from desktop_app.cli import console, password_prompt
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import cancel_at_signals, expand_path, open_backend, report_error
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.standard_input import read_all
from desktop_app.domain import errors
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.tools.tool import ListedTool
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import in_english, tr, tr_plural
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.tools.command.tool_commands import refusal_text, tool_json, tool_summary
from desktop_app.tools.servers.server_registry import ToolServers
from desktop_app.tools.servers.server_run import ServerRun
from desktop_app.tools.servers.server_source import store_lists, tools_of
from desktop_app.tools.servers.tool_server import ToolServer, launch_summary, server_of
from desktop_app.tools.services import tool_servers

_MAX_LOG_LINES = 20
_ADDRESS = re.compile("https?://", re.I)


def run_mcp(options: Options) -> int:
    if options.action == "add":
        if not options.url and options.program[:1] and _ADDRESS.match(options.program[0]):
            options.url, *options.program = options.program  # as other programs take it
        if bool(options.program) == bool(options.url):
            options.refuse(tr("either --url or a command after “--” is required"))
        if options.env and options.url:
            options.refuse(tr("--env needs a command after “--”"))
        if options.header and options.program:
            options.refuse(tr("--header needs --url"))
        if options.client_id and options.program:
            options.refuse(tr("--client-id needs --url"))
        if options.client_secret and not options.client_id:
            options.refuse(tr("--client-secret needs --client-id"))
        if options.client_secret:  # read before the loop runs, which could not end the wait
            try:
                options.client_secret = _read_client_secret()
            except KeyboardInterrupt:
                console.write_diagnostic(tr("Stopped."))
                return ExitCode.INTERRUPTED
    try:
        return asyncio.run(_run(options))
    except errors.UserFacingError as error:
        report_error(error, options)
        return (
            ExitCode.USAGE if isinstance(error, errors.ServerDefinitionError) else ExitCode.FAILED
        )
    except (asyncio.CancelledError, KeyboardInterrupt):
        console.write_diagnostic(tr("Stopped."))
        return ExitCode.INTERRUPTED


async def _run(options: Options) -> int:
    cancel_at_signals()
    async with open_backend() as backend:
        servers = backend.of(tool_servers)
        if options.action == "add":
            return await _add(servers, options)
        if options.action == "list":
            return await _list(servers, as_json=options.json)
        if options.action == "remove":
            await servers.remove(options.name)
            return 0
        if options.action == "login":
            return await _sign_in(servers, options.name)
        if options.action == "logout":
            await servers.sign_out(options.name)
            return 0
        if options.action == "import":
            return await _import(servers, expand_path(options.file), without_asking=options.yes)
        return await _test(servers, options.name, as_json=options.json)


async def _add(servers: ToolServers, options: Options) -> int:
    pairs = [_parse_pair(options, text, "=") for text in options.env]
    headers = [_parse_pair(options, text, ":") for text in options.header]
    server, secrets = server_of(
        options.name,
        command=tuple(options.program),
        folder=str(Path.cwd()) if options.program else "",
        url=options.url,
        environment=dict(pairs),
        headers=dict(headers),
        client_id=options.client_id,
        client_secret=options.client_secret or "",
        timeout_s=options.timeout or 0,
        plain_names=dict(pairs) if options.plain else (),
    )
    await servers.add(server, secrets)
    return 0


def _read_client_secret() -> str:
    """Return the secret of the client id: typed on the terminal, or from standard input."""
    if password_prompt.has_terminal():
        return password_prompt.read_password(tr("Client secret: "))
    return read_all().strip()


def _parse_pair(options: Options, text: str, separator: str) -> tuple[str, str]:
    name, has_separator, value = text.partition(separator)
    if not has_separator:
        # The message does not quote the text, which may be a secret.
        options.refuse(tr("--env takes NAME=VALUE, and --header takes NAME:VALUE"))
    return name.strip(), value.strip() if separator == ":" else value


async def _list(servers: ToolServers, *, as_json: bool) -> int:
    stored = await servers.storage.servers()
    rows = [await _server_json(server, servers) for server in stored]
    if as_json:
        console.write_json(rows)
        return 0
    width = max((len(server.name) for server in stored), default=0)
    for server, row in zip(stored, rows, strict=True):
        parts = [server.url or replace_invalid_utf8(server.program)]
        parts += [*row["env"], *row["headers"]]
        console.write_line(f"{server.name:<{width}}  {'  '.join(parts)}")
    return 0


async def _server_json(server: ToolServer, servers: ToolServers) -> dict[str, Any]:
    """Return a server as JSON, with the names of its values but without secrets or arguments."""
    return {
        "name": server.name,
        "transport": "http" if server.url else "stdio",
        "program": server.program,
        "folder": server.folder,
        "url": server.url,
        "env": sorted(server.environment),
        "headers": sorted(server.headers),
        "client_id": server.client_id or None,
        "timeout_s": server.timeout_s or None,
        "signed_in": await servers.is_signed_in(server),
        "tools": len(await servers.storage.listed_tools(server.name)),
    }


async def _sign_in(servers: ToolServers, name: str) -> int:
    def show(address: str) -> None:
        console.write_diagnostic(tr("Sign in at: {address}", address=address))
        if is_openable(address):
            with suppress(OSError):  # the user can open the printed address
                open_in_browser(address)

    if await servers.sign_in(name, show):
        console.write_line(tr("You are signed in to {server}.", server=name))
    else:
        console.write_line(tr("{server} doesn’t ask you to sign in.", server=name))
    return 0


async def _test(servers: ToolServers, name: str, *, as_json: bool) -> int:
    run = await servers.run(name)
    started_at = time.monotonic()
    error: errors.UserFacingError | None = None
    tools: list[ListedTool] = []
    try:
        tools = await tools_of(run.server, await store_lists(run, servers.storage))
    except errors.UserFacingError as failed:
        error = failed
    seconds = time.monotonic() - started_at
    if as_json:
        console.write_json(_test_json(run, seconds, tools, error))
        return 0 if error is None else ExitCode.FAILED
    if error is not None:
        console.write_diagnostic(console.terminal_error_text(error))
        for line in list(run.log)[-_MAX_LOG_LINES:]:
            console.write_diagnostic(line.text)
        return ExitCode.FAILED
    duration = formatting.decimal(seconds, 1)
    summary_line = tr_plural(
        "{server} is ready after {seconds} s and has {count} tool.",
        "{server} is ready after {seconds} s and has {count} tools.",
        len(tools),
        server=name,
        seconds=duration,
    )
    console.write_line(summary_line)
    for tool in tools:
        summary = tool_summary(tool, refusal_text(tool.refusal))
        console.write_line(f"{tool.definition.full_name}  {summary}".rstrip())
    return 0


def _test_json(
    run: ServerRun, seconds: float, tools: list[ListedTool], error: errors.UserFacingError | None
) -> dict[str, Any]:
    with in_english():
        return {
            "name": run.server.name,
            "ok": error is None,
            "seconds": round(seconds, 3),
            "tools": [tool_json(tool, refusal_text(tool.refusal)) for tool in tools],
            "offers": list(run.offers),
            "error": None if error is None else console.error_fields(note_from_error(error)),
            "log": [line.text for line in run.log],
        }


async def _import(servers: ToolServers, path: Path, *, without_asking: bool) -> int:
    from desktop_app.tools.servers.server_configuration import read_servers

    has_failed = False
    try:
        entries = await asyncio.to_thread(read_servers, path)
    except (errors.ImportRefusedError, errors.ToolServerError) as error:
        console.write_diagnostic(console.terminal_error_text(error))
        return ExitCode.USAGE
    if not without_asking and any(entry.server is not None for entry in entries):
        for entry in entries:  # show what they would run and contact
            if entry.server is not None:
                for line in launch_summary(entry.server, entry.secrets):
                    console.write_stderr_line(console.clean_line(line))
        console.write_diagnostic(tr("Programs have the same access to your files as you have."))
        if not console.can_ask():
            console.write_diagnostic(
                tr("Nothing was added. To add them without confirmation, use --yes.")
            )
            return ExitCode.USAGE
        if not await console.confirm(tr("Add these tool servers? [y/N]"), default=False):
            console.write_diagnostic(tr("Nothing was added."))
            return ExitCode.FAILED
    for entry in entries:
        try:
            server, secrets = entry.require_usable()
            await servers.add(server, secrets)
        except errors.UserFacingError as error:
            has_failed |= not entry.is_disabled
            console.write_diagnostic(console.terminal_error_text(error))
        else:
            console.write_line(tr("Added {server}", server=server.name))
    return ExitCode.FAILED if has_failed else 0
