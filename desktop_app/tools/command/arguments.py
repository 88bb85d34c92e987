"""The options of `repartee tools` and `repartee mcp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli.command_line import (
    Command,
    Commands,
    argument,
    file_name,
    flag,
    json_flag,
    option,
    repeatable,
)
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    import click


def tools_arguments() -> Command:
    return Command(tr("list the tools that models can call"), [json_flag()])


def mcp_arguments() -> Commands:
    return Commands(
        tr("manage tool servers (Model Context Protocol)"),
        {
            "add": _mcp_add,
            "list": lambda: Command(tr("list tool servers"), [json_flag()]),
            "remove": lambda: Command(
                tr("remove a tool server and its stored values"), [_server_name()]
            ),
            "test": lambda: Command(
                tr("start a tool server and list its tools"), [_server_name(), json_flag()]
            ),
            "login": lambda: Command(
                tr("sign in to a tool server in the browser"),
                [_server_name()],
                tr("The address to sign in at is printed, too. The keyring stores the sign-in."),
            ),
            "logout": lambda: Command(tr("sign out of a tool server"), [_server_name()]),
            "import": _mcp_import,
        },
        tr(
            "A tool server offers tools to models. {command} lists them. A server runs with "
            "your rights: add only servers that you trust.",
            command="repartee tools",
        ),
    )


def _server_name() -> click.Argument:
    return argument("name", "NAME")


def _mcp_add() -> Command:
    return Command(
        tr("add a tool server"),
        [
            _server_name(),
            option("--url", tr("the address of a server on the network"), default=""),
            repeatable(
                "--header NAME:VALUE", tr("a header that is sent to the address (repeatable)")
            ),
            repeatable(
                "--env NAME=VALUE", tr("an environment variable of the command (repeatable)")
            ),
            argument("program", "-- COMMAND [ARG ...]", nargs=-1, required=False),
        ],
        tr(
            "Values of --env and --header are stored in the keyring. A value such as "
            "{example} takes an environment variable instead. The command runs in the "
            "current folder.",
            example="${env:TOKEN}",
        ),
    )


def _mcp_import() -> Command:
    return Command(
        tr("add the tool servers of another program’s configuration"),
        [argument("file", "FILE", type=file_name), flag("--yes", tr("add without confirmation"))],
        tr("Reads the JSON files of Claude Desktop, Cursor, and VS Code."),
        tr(
            "Shows what the servers run and asks for confirmation. Without a terminal, --yes "
            "is required."
        ),
        codes={
            1: tr("Something wasn’t imported"),
            2: tr("Invalid command line, or the file can’t be read"),
        },
    )
