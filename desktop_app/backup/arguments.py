"""The options of `repartee backup`, `restore` and `repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import command_line as cli
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Mapping


def backup_arguments() -> cli.Command:
    return cli.Command(
        tr("back up the library"),
        [
            cli.argument("path", "PATH", type=cli.file_name),
            cli.option(
                "--keep N",
                tr("delete all but the newest N backups of this library in the folder"),
                cli.whole_number(1),
            ),
            cli.flag("--force", tr("replace an existing file")),
            *cli.progress_flags(),
        ],
        tr("A name that ends in .zip is that file, any other a folder for one more backup."),
    )


def _unchanged_codes() -> Mapping[int, str]:
    return {1: tr("Failed. The library is unchanged.")}


def restore_arguments() -> cli.Command:
    return cli.Command(
        tr("restore a backup"),
        [
            cli.argument("path", "PATH", type=cli.file_name),
            cli.flag(
                "--accept-settings",
                tr("restore hosts, proxies, files, and permissions without asking"),
            ),
        ],
        tr("Close Repartee first. The current library is kept in a separate file."),
        tr(
            "Settings that change where data is sent, what can be spent or which files are "
            "read are listed first: hosts, proxies, certificates, model files, permissions, "
            "instructions, monthly limits, prices, and the folders of automatic backups and "
            "projects."
        ),
        tr(
            "In a terminal, you are asked first. Otherwise nothing is restored unless "
            "--accept-settings is given. API keys are used only with the host they were "
            "entered for."
        ),
        codes=_unchanged_codes(),
    )


def repair_arguments() -> cli.Command:
    return cli.Command(
        tr("repair a damaged library"),
        [
            cli.option(
                "-o --to FILE",
                tr("write the new library to this file, and leave the damaged one as it is"),
                cli.file_name,
            )
        ],
        tr(
            "Close Repartee first. All readable data is recovered into a new library. The "
            "damaged file is kept."
        ),
        codes=_unchanged_codes(),
    )
