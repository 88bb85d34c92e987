"""The options of `repartee spending`."""

from __future__ import annotations

from desktop_app.cli.command_line import Command, flag, json_flag, option
from desktop_app.domain.spending_report import Grouping
from desktop_app.i18n.translation import tr


def spending_arguments() -> Command:
    return Command(
        tr("show what the responses cost"),
        [
            option(
                "--by",
                tr("default: {name}", name="month"),
                [grouping.value for grouping in Grouping],
                default="month",
            ),
            json_flag(),
            flag("--csv", tr("print CSV")),
        ],
        tr("Shows cost, calls, and tokens of each group, and the forecast of this month."),
        exclusive=[("json", "csv")],
    )
