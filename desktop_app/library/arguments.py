"""The options of `repartee search` and `repartee repair`."""

from __future__ import annotations

from desktop_app.cli.command_line import (
    Command,
    argument,
    file_name,
    json_flag,
    option,
    whole_number,
)
from desktop_app.i18n.translation import tr


def search_arguments() -> Command:
    return Command(
        tr("search conversations"),
        [
            argument("text", "TEXT"),
            json_flag(),
            option(
                "--limit N",
                tr("maximum number of results (default: {count})", count=50),
                whole_number(1),
                default="50",
            ),
        ],
        tr(
            "Finds messages with all words, newest first. The last word can be incomplete. Put "
            "a phrase in double quotes."
        ),
        codes={
            0: tr("Found"),
            1: tr("No results, or failed"),
            141: tr("The output pipe was closed"),
        },
    )


def repair_arguments() -> Command:
    return Command(
        tr("repair a damaged library"),
        [
            option(
                "-o --to FILE",
                tr("write the new library to this file, and leave the damaged one as it is"),
                file_name,
            )
        ],
        tr(
            "Close Repartee first. All readable data is recovered into a new library. The "
            "damaged file is kept."
        ),
        codes={1: tr("Failed. The library is unchanged.")},
    )
