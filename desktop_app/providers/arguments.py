"""The options of `repartee models`."""

from __future__ import annotations

from desktop_app.cli.command_line import Command, argument, json_flag, option
from desktop_app.domain.places import Place, place_name
from desktop_app.i18n.translation import tr


def models_arguments() -> Command:
    return Command(
        tr("list models with their prices and limits"),
        [
            argument("words", "WORD", nargs=-1, help=tr("list only models that match these words")),
            option("--provider NAME", tr("list only this provider’s models")),
            json_flag(),
        ],
        tr(
            "Lists the models of every provider that has a key, with facts from Repartee, the "
            "server, and your own entries. Prices are per million tokens. Enter facts in the "
            "window, in {place}.",
            place=place_name(Place.MODELS),
        ),
    )
