"""The options of `repartee models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.cli import command_line as cli
from desktop_app.domain.places import Place, place_name
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    import click

ALL: Final = "all"
"""The command that `repartee models` stands for if its first word is none of its commands."""


class _ModelCommands(cli.Commands):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; words that are no command are those of ALL."""
        is_command = bool(args) and args[0] in (*self.builders, "-h", "--help")
        return super().parse_args(ctx, args if is_command else [ALL, *args])


def models_arguments() -> cli.Commands:
    return _ModelCommands(
        tr("list models with their prices and limits; download models for this computer"),
        {ALL: _all, "list": _list, "get": _get, "remove": _remove},
        tr("Without one of these commands, “{name}” is meant.", name=ALL),
    )


def _all() -> cli.Command:
    return cli.Command(
        tr("list models with their prices and limits"),
        [
            cli.argument(
                "words", "WORD", nargs=-1, help=tr("list only models that match these words")
            ),
            cli.option("--provider NAME", tr("list only this provider’s models")),
            cli.flag("--all", tr("list older models, too")),
            cli.json_flag(),
        ],
        tr(
            "Lists the models of every provider that has a key, with facts from Repartee, the "
            "server, and your own entries. Prices are per million tokens. Older models are those "
            "that end, dated versions, and in a long list those that are more than a year old. "
            "Enter facts in the window, in {place}.",
            place=place_name(Place.MODELS),
        ),
    )


def _list() -> cli.Command:
    return cli.Command(
        tr("list the models on this computer, and those to download"),
        [cli.json_flag()],
        tr(
            "Models of Ollama, LM Studio, and the Hugging Face cache are used where they are. "
            "Models with a free license can be downloaded with “{command}”.",
            command="repartee models get NAME",
        ),
    )


def _get() -> cli.Command:
    return cli.Command(
        tr("download a model to this computer"),
        [
            cli.argument("name", "NAME"),
            cli.flag(
                "--any-size", tr("download a file even if its host doesn’t say how large it is")
            ),
            *cli.progress_flags(),
            cli.json_flag(),
        ],
        tr(
            "NAME is a name that “{command}” shows, or the https:// or file:// URL of a GGUF file. "
            "A download that was interrupted continues. The file is checked before it is used.",
            command="repartee models list",
        ),
    )


def _remove() -> cli.Command:
    return cli.Command(
        tr("remove a downloaded model, or an unfinished download"),
        [cli.argument("name", "NAME"), cli.json_flag()],
    )
