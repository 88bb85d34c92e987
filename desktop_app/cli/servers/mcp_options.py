"""The command line of `repartee mcp`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from desktop_app.cli.command_help import (
    add_flag,
    add_group,
    add_json,
    add_repeatable,
    epilog,
    json_fields,
    json_list_fields,
)
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.cli.command_help import AddCommand

_LIST_FIELDS: Final = (
    "name, transport (stdio, http), program, folder, url, env, headers, signed_in, tools"
)
_TEST_FIELDS: Final = (
    "name, ok, seconds, tools (name, description, kind, available, reason), offers, "
    "error (kind, message, details), log"
)


def add_mcp(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> list[argparse.ArgumentParser]:
    """Add the command and its subcommands."""
    mcp, command = add_group(
        commands,
        name="mcp",
        help_=tr("manage tool servers (Model Context Protocol)"),
        actions="add,list,remove,test,login,logout,import",
        closing=epilog(
            tr(
                "A tool server offers tools to models. {command} lists them. A server runs with "
                "your rights: add only servers that you trust.",
                command="repartee tools",
            )
        ),
    )
    add = _add_add(command)
    listing = command(
        "list", tr("list tool servers"), "[--json]", epilog(json_list_fields(_LIST_FIELDS))
    )
    remove = command("remove", tr("remove a tool server and its stored values"), tr("NAME"))
    test = command(
        "test",
        tr("start a tool server and list its tools"),
        tr("NAME [--json]"),
        epilog(json_fields(_TEST_FIELDS)),
    )
    login = command(
        "login",
        tr("sign in to a tool server in the browser"),
        tr("NAME"),
        epilog(tr("The address to sign in at is printed, too. The keyring stores the sign-in.")),
    )
    logout = command("logout", tr("sign out of a tool server"), tr("NAME"))
    for subcommand in (remove, test, login, logout):
        subcommand.add_argument("name", metavar=tr("NAME"))
    for subcommand in (listing, test):
        add_json(subcommand)
    return [mcp, add, listing, remove, test, login, logout, _add_import(command)]


def _add_add(command: AddCommand) -> argparse.ArgumentParser:
    add = command(
        "add",
        tr("add a tool server"),
        tr("NAME [option ...] (--url URL | -- COMMAND [ARG ...])"),
        epilog(
            tr(
                "Values of --env and --header are stored in the keyring. A value such as "
                "{example} takes an environment variable instead. The command runs in the "
                "current folder.",
                example="${env:TOKEN}",
            )
        ),
    )
    add.add_argument("name", metavar=tr("NAME"))
    add.add_argument("--url", default="", help=tr("the address of a server on the network"))
    add_repeatable(
        add, "--header", tr("NAME:VALUE"), tr("a header that is sent to the address (repeatable)")
    )
    add_repeatable(
        add, "--env", tr("NAME=VALUE"), tr("an environment variable of the command (repeatable)")
    )
    add.set_defaults(program=[])
    return add


def _add_import(command: AddCommand) -> argparse.ArgumentParser:
    importing = command(
        "import",
        tr("add the tool servers of another program’s configuration"),
        tr("FILE [--yes]"),
        epilog(
            tr("Reads the JSON files of Claude Desktop, Cursor, and VS Code."),
            tr(
                "Shows what the servers run and asks for confirmation. Without a terminal, --yes "
                "is required."
            ),
            codes={
                1: tr("Something wasn’t imported"),
                2: tr("Invalid command line, or the file can’t be read"),
            },
        ),
    )
    add_flag(importing, "--yes", tr("add without confirmation"))
    importing.add_argument("file", metavar=tr("FILE"))
    return importing
