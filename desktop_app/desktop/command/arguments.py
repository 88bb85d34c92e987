"""The options of `repartee desktop`."""

from __future__ import annotations

from typing import Final

from desktop_app.cli.command_line import Command, Commands
from desktop_app.i18n.translation import tr

SHARE: Final = "~/.local/share"


def desktop_arguments() -> Commands:
    return Commands(
        tr("add this installation to your desktop’s menu, or remove it"),
        {
            "install": lambda: Command(
                tr("write launcher, icon, manual page, and completions for this user"),
                [],
                tr(
                    "For installations by pipx, uv, pip, or AppImage. The .deb, .rpm, Flatpak, and "
                    "Windows packages do this themselves."
                ),
                tr("Run it again after the program has moved. Files go to {folder}.", folder=SHARE),
                tr(
                    "zsh reads the completions if its fpath has {folder}.",
                    folder=f"{SHARE}/zsh/site-functions",
                ),
            ),
            "remove": lambda: Command(tr("remove these files"), []),
        },
    )
