"""The options of `repartee tools` and `repartee mcp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import command_line as cli
from desktop_app.i18n.translation import tr
from desktop_app.tools.servers.tool_server import REDIRECT_ADDRESS

if TYPE_CHECKING:
    import click


def tools_arguments() -> cli.Command:
    return cli.Command(tr("list the tools that models can call"), [cli.json_flag()])


def mcp_arguments() -> cli.Commands:
    return cli.Commands(
        tr("manage tool servers (Model Context Protocol)"),
        {
            "add": _mcp_add,
            "list": lambda: cli.Command(tr("list tool servers"), [cli.json_flag()]),
            "remove": lambda: cli.Command(
                tr("remove a tool server and its stored values"), [_server_name()]
            ),
            "test": lambda: cli.Command(
                tr("start a tool server and list its tools"), [_server_name(), cli.json_flag()]
            ),
            "login": lambda: cli.Command(
                tr("sign in to a tool server in the browser"),
                [_server_name()],
                tr("The address to sign in at is printed, too. The keyring stores the sign-in."),
            ),
            "logout": lambda: cli.Command(tr("sign out of a tool server"), [_server_name()]),
            "import": _mcp_import,
        },
        tr(
            "A tool server offers tools to models. {command} lists them. A server runs with "
            "your rights: add only servers that you trust.",
            command="repartee tools",
        ),
    )


def _server_name() -> click.Argument:
    return cli.argument("name", "NAME")


def _mcp_add() -> cli.Command:
    return cli.Command(
        tr("add a tool server"),
        [
            _server_name(),
            cli.option("--url", tr("the address of a server on the network"), default=""),
            cli.repeatable(
                "--header NAME:VALUE", tr("a header that is sent to the address (repeatable)")
            ),
            cli.repeatable(
                "--env NAME=VALUE", tr("an environment variable of the command (repeatable)")
            ),
            cli.flag(
                "--plain", tr("store the values of --env in the configuration, not in the keyring")
            ),
            cli.option(
                "--client-id ID",
                tr("the client ID of an app that you registered at the service"),
                default="",
            ),
            cli.flag(
                "--client-secret", tr("ask for the secret of the client ID, or read it from stdin")
            ),
            cli.option(
                "--timeout SECONDS",
                tr("how long a call may take without a sign of progress (default: 60)"),
                cli.whole_number(1),
            ),
            cli.argument("program", "-- COMMAND [ARG ...]", nargs=-1, required=False),
        ],
        tr(
            "Values of --env and --header are stored in the keyring, except for paths, addresses, "
            "and variables whose names say that they are no secrets. A value such as {example} "
            "takes an environment variable instead. The command runs in the current folder.",
            example="${env:TOKEN}",
        ),
        tr(
            "Servers such as GitHub’s, Slack’s, or Microsoft’s don’t let programs register "
            "themselves. Register an app there with the redirect address {address}, and pass its "
            "client ID.",
            address=REDIRECT_ADDRESS,
        ),
    )


def _mcp_import() -> cli.Command:
    return cli.Command(
        tr("add the tool servers of another program’s configuration"),
        [
            cli.argument("file", "FILE", type=cli.file_name),
            cli.flag("--yes", tr("add without confirmation")),
        ],
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
