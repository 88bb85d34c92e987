"""The parts of a command line, on click: options, values, help, and errors."""

from __future__ import annotations

import sys
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from desktop_app.cli.console import clean_line, error_fields, write, write_json
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
EFFORTS: Final = tuple(effort.value for effort in Effort)
VARIANTS: Final = tuple(variant.value for variant in Variant)
VALUE_NAMES: Final = (
    *(N_("CASES"), N_("CHOICE"), N_("FILE"), N_("FILE ..."), N_("FOLDER"), N_("NAME"), N_("PATH")),
    *(N_("QUESTION"), N_("SHARE"), N_("TEXT"), N_("WORD"), N_("NAME=VALUE"), N_("NAME:VALUE")),
    *(N_("[FILE=]PAGES"), N_("ID[/EFFORT]"), N_("VARIANT[/EFFORT]"), N_("-- COMMAND [ARG ...]")),
)
"""What `option` and `argument` translate, beside ID and N, which are the same everywhere."""


class Options(SimpleNamespace):
    """The options of a command, by name; `command` and `action` are the command's own names."""

    def refuse(self, message: str) -> NoReturn:
        """Report a wrong command line, and exit with 2."""
        raise SystemExit(report_usage_error(click.UsageError(message, self.context)))


def parse(command: click.Command, arguments: Sequence[str]) -> Options:
    """Parse a command line.

    Raises:
        SystemExit: it is wrong, or asks for help.
    """
    try:
        with command.make_context("repartee", list(arguments)) as context:
            options = command.invoke(context)
    except click.UsageError as error:
        raise SystemExit(report_usage_error(error, as_json="--json" in arguments)) from None
    except click.exceptions.Exit as ended:
        raise SystemExit(ended.exit_code) from None
    assert isinstance(options, Options)
    return options


def refuse(message: str, command: click.Command, *, as_json: bool = False) -> NoReturn:
    """Report a wrong command line of a command, and exit with 2."""
    error = click.UsageError(message, click.Context(command, info_name="repartee"))
    raise SystemExit(report_usage_error(error, as_json=as_json))


def report_usage_error(error: click.UsageError, *, as_json: bool = False) -> int:
    """Write an error about the command line; return the exit code.

    Typed text is escaped, so that it cannot forge an output line.
    """
    context = error.ctx
    name = context.command_path if context else "repartee"
    message = _message(error)
    if as_json:
        from desktop_app.domain.error_note import ErrorNote
        from desktop_app.domain.errors import IllegalChoiceError

        write_json({"error": error_fields(ErrorNote(message, code=IllegalChoiceError.code))})
    if sys.stderr is not None:
        usage = context.command.get_usage(context) if context else ""
        words = tr("%(prog)s: error: %(message)s\n")
        sys.stderr.write(f"{usage}\n{words % {'prog': name, 'message': clean_line(message)}}")
    return error.exit_code


def _message(error: click.UsageError) -> str:
    """Return an error's sentence, in the user's language if it is a usual one."""
    if isinstance(error, click.NoSuchOption):
        is_option = error.option_name.lstrip("-")[:1].isalpha()
        hint = "" if is_option else tr("(write -- before a text that begins with “-”)")
        if is_option and error.possibilities:
            hint = tr("(did you mean {option}?)", option=error.possibilities[0])
        return " ".join(filter(None, (_unrecognized([error.option_name]), hint)))
    if isinstance(error, click.BadOptionUsage):
        return f"{error.option_name}: {tr('expected one argument')}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return tr("the following arguments are required: %s") % _name_of(error.param)
    if isinstance(error, click.BadParameter) and error.param is not None:
        words = tr("argument %(argument_name)s: %(message)s")
        return words % {"argument_name": _name_of(error.param), "message": error.message}
    return error.format_message()


def _name_of(parameter: click.Parameter) -> str:
    is_option = isinstance(parameter, click.Option)
    return "/".join(parameter.opts) if is_option else parameter.human_readable_name


def _unrecognized(arguments: Sequence[str]) -> str:
    return tr("unrecognized arguments: {arguments}", arguments=" ".join(arguments))


# ---------------------------------------------------------------- commands


class _Help:
    """The help of a command: paragraphs and exit codes below the options."""

    paragraphs: Sequence[str] = ()
    codes: Mapping[int, str] | None = None

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line with the command's arguments."""
        names = {"[OPTIONS]": f"[{tr('options').upper()}]"}
        pieces = [names.get(piece, piece) for piece in ctx.command.collect_usage_pieces(ctx)]
        formatter.write_usage(ctx.command_path, " ".join(pieces), tr("usage: "))

    def format_arguments(self, _ctx: click.Context, _formatter: click.HelpFormatter) -> None:
        """Write nothing: the arguments stand among the options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, if it has any, and the options."""
        command = ctx.command
        if isinstance(command, Commands):
            with formatter.section(tr("commands")):
                formatter.write_dl([(name, _summary(command, name)) for name in command.builders])
        # Arguments without a text stand in the usage.
        given = [p for p in command.get_params(ctx) if getattr(p, "help", None)]
        rows = [row for parameter in given if (row := parameter.get_help_record(ctx))]
        with formatter.section(tr("options")):
            formatter.write_dl(rows)

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the paragraphs and the exit codes."""
        for paragraph in self.paragraphs:
            formatter.write_paragraph()
            formatter.write_text(paragraph)
        meanings = {
            0: tr("Done"),
            1: tr("Failed"),
            2: tr("Invalid command line"),
            130: tr("Interrupted"),
            **(self.codes or {}),
        }
        with formatter.section(tr("Exit codes:").removesuffix(":")):
            formatter.write_dl([(str(code), text) for code, text in sorted(meanings.items())])


def _summary(commands: Commands, name: str) -> str:
    return commands.builders[name]().help or ""


def _show_help(context: click.Context, _parameter: click.Parameter, is_given: bool) -> None:
    if is_given and not context.resilient_parsing:
        write(f"{context.get_help()}\n")
        context.exit()


def _help_option() -> click.Option:
    return click.Option(
        ("-h", "--help"),
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_help,
        help=tr("show this help message and exit"),
    )


class Command(_Help, click.Command):
    """A command whose parsed options are the result of its invocation.

    Args:
        paragraphs: the text below the options of its help.
        codes: meanings of exit codes that are added to the usual ones, or replace them.
        exclusive: names of options of which at most one may be given.
        required: names of options or arguments of which exactly one must be given.
        defaults: options that the command shares with another one, but does not have itself.
    """

    def __init__(
        self,
        summary: str,
        params: Sequence[click.Parameter],
        *paragraphs: str,
        codes: Mapping[int, str] | None = None,
        exclusive: Sequence[Sequence[str]] = (),
        required: Sequence[str] = (),
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            None,  # its name is the key of its builder
            help=summary,
            params=[*params, _help_option()],
            add_help_option=False,
            context_settings={"max_content_width": 10_000, "allow_extra_args": True},
        )
        self.paragraphs = paragraphs
        self.codes = codes
        self._exclusive = (*exclusive, required)
        self._required = required
        self._defaults = defaults or {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an error names the command."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def invoke(self, ctx: click.Context) -> Options:
        """Return the options, with lists for those that can be given several times."""
        if ctx.args:
            raise click.UsageError(_unrecognized(ctx.args) + self._files_hint(ctx), ctx)
        for names in self._exclusive:
            given = [self._shown(name) for name in names if ctx.params[name]]
            if len(given) > 1:
                refusal = tr("not allowed with argument %s") % given[0]
                raise click.UsageError(f"{given[1]}: {refusal}", ctx)
        if self._required and not any(ctx.params[name] for name in self._required):
            names = " ".join(map(self._shown, self._required))
            raise click.UsageError(tr("one of the arguments %s is required") % names, ctx)
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in ctx.params.items()}
        command, _, action = ctx.command_path.partition(" ")[2].partition(" ")
        return Options(**{**self._defaults, **values}, command=command, action=action, context=ctx)

    def _shown(self, name: str) -> str:
        found = next(param for param in self.params if param.name == name)
        return str(found.metavar) if isinstance(found, click.Argument) else found.opts[-1]

    def _files_hint(self, ctx: click.Context) -> str:
        """Return what to do if the shell has made several files of the value of an option."""
        if not all(Path(each).is_file() for each in ctx.args):
            return ""
        options = [p.opts[0] for p in self.params if p.type.name == "file_name" and p.multiple]
        if not options:
            return ""
        return " " + tr("(write {option} before each file)", option=options[0])


class Commands(_Help, click.Group):
    """A group of commands, each of which is built when it is needed.

    Args:
        builders: functions that return the commands, by their names.
    """

    def __init__(
        self,
        summary: str,
        builders: Mapping[str, Callable[[], click.Command]],
        *paragraphs: str,
        codes: Mapping[int, str] | None = None,
        params: Sequence[click.Parameter] = (),
    ) -> None:
        super().__init__(
            help=summary,
            params=[*params, _help_option()],
            add_help_option=False,
            no_args_is_help=False,
            subcommand_metavar=f"{tr('Command').upper()} ...",
            context_settings={"max_content_width": 10_000},
        )
        self.builders = builders
        self.paragraphs = paragraphs
        self.codes = codes

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of the commands, for the completion of shells."""
        return list(self.builders)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        builder = self.builders.get(cmd_name)
        return builder() if builder else None


# ---------------------------------------------------------------- options


class _Option(click.Option):
    """An option that also takes its former name, which help and completion leave out."""

    def __init__(self, *args: Any, former: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self._former = former

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        names = self.opts
        self.opts = [*names, self._former] if self._former else names
        super().add_to_parser(parser, ctx)
        self.opts = names


def option(
    names: str, text: str, kind: Any = None, *, former: str = "", **more: Any
) -> click.Option:
    """Return an option with a value.

    Args:
        names: parted by spaces; the last may be the name of the value, as in "-o --to PATH".
        kind: a parser, or all values.
        former: the name that it had in an earlier version.
    """
    *_, last = words = names.split()
    metavar = None if last.startswith("-") else tr(words.pop())
    if isinstance(kind, list | tuple):
        kind = click.Choice(kind)
    return _Option(words, help=text, metavar=metavar, type=kind, former=former, **more)


def repeatable(names: str, text: str, kind: Any = None, *, former: str = "") -> click.Option:
    """Return an option that can be given several times; its value is a list."""
    return option(names, text, kind, former=former, multiple=True)


def flag(names: str, text: str) -> click.Option:
    """Return an option without a value; its names are parted by spaces."""
    return click.Option(names.split(), is_flag=True, help=text)


def json_flag() -> click.Option:
    """Return the option that prints JSON, also for the error that ends a command."""
    text = tr("print JSON, also for an error: an object with error (kind, message, details)")
    return flag("--json", text)


def progress_flags() -> list[click.Option]:
    """Return the options that report each step of a command, or no step."""
    return [flag("--progress", tr("print a line for each step")), quiet_flag()]


def quiet_flag() -> click.Option:
    """Return the option that leaves out progress and notes."""
    return flag("-q --quiet", tr("show only errors, no progress and no notes"))


def argument(name: str, metavar: str, **more: Any) -> click.Argument:
    """Return an argument; one that is not required may have a help."""
    return click.Argument((name,), metavar=tr(metavar), **more)


def files(name: str) -> click.Argument:
    return argument(name, "FILE ...", nargs=-1, required=True, type=file_name)


# ---------------------------------------------------------------- values


def number(least: float, most: float) -> Callable[[str], float]:
    """Return the parser of a number in a range."""

    def parse_number(text: str) -> float:
        value = _parsed(float, text)
        if value is None or abs(value) == inf or not least <= value <= most:
            bounds = {"least": f"{least:g}", "most": f"{most:g}"}
            raise click.BadParameter(
                tr("“{text}” isn’t a number from {least} to {most}", text=text, **bounds)
            )
        return value

    return parse_number


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the parser of a whole number of at least `least`, and at most `most` if given."""

    def parse_number(text: str) -> int:
        number = _parsed(int, text)
        if number is not None and number >= least and (most is None or number <= most):
            return number
        if most is None:
            message = tr("“{text}” isn’t a whole number from {least} up", text=text, least=least)
        else:
            message = tr(
                "“{text}” isn’t a whole number from {least} to {most}",
                text=text,
                least=least,
                most=formatting.number(most),
            )
        raise click.BadParameter(message)

    return parse_number


def _parsed(kind: Callable[[str], T], text: str) -> T | None:
    try:
        return kind(text)
    except ValueError:
        return None


def required_text(text: str) -> str:
    """Return the text unchanged. Raises BadParameter if it is empty."""
    if not text:
        raise click.BadParameter(tr("expected one argument"))
    return text


def file_name(text: str) -> str:
    """Return the text unchanged. Raises BadParameter if it is empty: for Path, that is a folder."""
    if not text:
        raise click.BadParameter(tr("a file name is empty"))
    return text


def variant_argument(text: str) -> str:
    """Check VARIANT[/EFFORT] and return it unchanged. Raises BadParameter."""
    _require_one_of(VARIANTS, text.partition("/")[0])
    return variant_or_model_argument(text)


def variant_or_model_argument(text: str) -> str:
    """Check VARIANT, VARIANT/EFFORT or the name of a model, and return it unchanged.

    Raises:
        click.BadParameter: the text after a variant's slash is not an effort.
    """
    name, slash, effort = text.partition("/")
    if slash and name in VARIANTS:
        _require_one_of(EFFORTS, effort)
    return text


def _require_one_of(names: Sequence[str], text: str) -> None:
    if text not in names:
        message = tr("“{text}” isn’t one of {names}", text=text, names=formatting.joined(names))
        raise click.BadParameter(message)
