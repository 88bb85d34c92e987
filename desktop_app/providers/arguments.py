"""The options of `repartee models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.cli import command_line as cli
from desktop_app.domain.places import Place, place_name
from desktop_app.features import imported, subcommands
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
        {ALL: _all, **{word: imported(each.arguments) for word, each in subcommands("models")}},
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
