"""The options of `repartee quick`."""

from __future__ import annotations

from desktop_app.cli.command_line import Command, option
from desktop_app.i18n.translation import tr


def quick_arguments() -> Command:
    return Command(
        tr("open the quick prompt"),
        [option("--text", tr("text to ask about (default: standard input, if piped)"))],
        tr(
            "To open the quick prompt from anywhere, bind this command to a shortcut in your "
            "desktop settings. Without a terminal, input that sends nothing within 0.3 s is "
            "ignored."
        ),
    )
