"""The options of `repartee backup` and `repartee restore`."""

from __future__ import annotations

from desktop_app.cli import command_line as cli
from desktop_app.i18n.translation import tr


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


def restore_arguments() -> cli.Command:
    return cli.Command(
        tr("restore a backup"),
        [
            cli.argument("path", "PATH", type=cli.file_name, required=False),
            cli.flag(
                "--before-upgrade",
                tr("restore the copy from before Repartee’s last upgrade, for that version"),
            ),
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
        codes={1: tr("Failed. The library is unchanged.")},
        required=("path", "before_upgrade"),
    )
