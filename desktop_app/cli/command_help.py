"""The layout of `--help`, and argparse's own words in the user's language."""

from __future__ import annotations

import argparse
import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from desktop_app.cli.streams.console import clean_line, write, write_json
from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    AddCommand = Callable[..., argparse.ArgumentParser]

# The texts of argparse that commands can show; argparse fills their placeholders.
ARGPARSE_TEXTS: Final = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("not allowed with argument %s"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("ignored explicit argument %r"),
    N_("invalid %(type)s value: %(value)r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
)
# An indented row: a code, then its meaning.
_EXIT_CODE_ROW: Final = re.compile(r" +\S+ +")


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors escape typed text, so that the text cannot forge output lines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, formatter_class=CommandHelpFormatter)
        self._prints_json = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments, and note whether they ask for JSON."""
        self._prints_json = "--json" in (args or ())
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Report an error about the command line, and exit with 2."""
        if self._prints_json:
            # Imported only when needed, because `quick` has to start fast.
            from desktop_app.cli.streams.console import error_fields
            from desktop_app.domain.error_note import ErrorNote
            from desktop_app.domain.errors import IllegalChoiceError

            write_json({"error": error_fields(ErrorNote(message, code=IllegalChoiceError.code))})
        super().error(clean_line(message))

    def print_help(self, _file: Any = None) -> None:
        """Write the help. Raises as `console.write`, while argparse would ignore a failed write."""
        write(self.format_help())


class CommandHelpFormatter(argparse.HelpFormatter):
    """Formatter that wraps each paragraph and each row of exit codes separately."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(_wrapped(line, width) for line in text.splitlines())


def translate_argparse() -> None:
    """Make argparse look up its own words in the program's catalog, not in the system's."""
    vars(argparse)["_"] = tr  # a name that the types of argparse do not know


def epilog(*paragraphs: str, codes: Mapping[int, str] | None = None) -> str:
    """Return paragraphs and a table of exit codes.

    Args:
        codes: meanings that are added to the usual ones, or replace them.
    """
    meanings = {
        0: tr("Done"),
        1: tr("Failed"),
        2: tr("Invalid command line"),
        130: tr("Interrupted"),
        **(codes or {}),
    }
    rows = (f"  {code:<3}  {meaning}" for code, meaning in sorted(meanings.items()))
    return "\n\n".join((*paragraphs, "\n".join((tr("Exit codes:"), *rows))))


def add_command(
    commands: Commands, program: str, name: str, help_: str, usage: str, closing: str = ""
) -> argparse.ArgumentParser:
    """Add a command below `program`; `closing` ends its help, else the usual exit codes do."""
    return commands.add_parser(
        name, help=help_, usage=f"{program} {name} {usage}", epilog=closing or epilog()
    )


def add_group(
    commands: Commands, name: str, help_: str, actions: str, closing: str
) -> tuple[argparse.ArgumentParser, AddCommand]:
    """Add a command with subcommands; return its parser, and the function that adds them."""
    program = f"repartee {name}"
    group = commands.add_parser(
        name, help=help_, usage=f"{program} {{{actions}}} ...", epilog=closing
    )
    subcommands = group.add_subparsers(dest="action", required=True, prog=program)
    return group, partial(add_command, subcommands, program)


def add_repeatable(
    command: argparse.ArgumentParser, option: str, metavar: str, help_: str, **more: Any
) -> None:
    """Add an option that can be given several times; its value is a list."""
    command.add_argument(option, action="append", default=[], metavar=metavar, help=help_, **more)


def add_flag(command: argparse._ActionsContainer, option: str, help_: str) -> None:
    """Add an option without a value."""
    command.add_argument(option, action="store_true", help=help_)


def add_json(command: argparse._ActionsContainer) -> None:
    """Add the option that prints JSON, also for the error that ends a command."""
    description = tr("print JSON, also for an error: an object with error (kind, message, details)")
    add_flag(command, "--json", description)


def add_progress(command: argparse.ArgumentParser) -> None:
    """Add the option that reports each step of a command."""
    add_flag(command, "--progress", tr("print a line for each step"))


def json_fields(fields: str) -> str:
    """Return the paragraph that names the fields of the one object printed by --json."""
    return tr("With --json, prints one object with these fields: {fields}", fields=fields)


def json_list_fields(fields: str) -> str:
    """Return the paragraph that names the fields of the objects in the list printed by --json."""
    return tr("With --json, prints a list of objects with these fields: {fields}", fields=fields)


def _wrapped(line: str, width: int) -> str:
    row = _EXIT_CODE_ROW.match(line)
    hanging = " " * (row.end() if row else 0)
    return textwrap.fill(
        line, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
