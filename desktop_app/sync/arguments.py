"""The options of `repartee sync`."""

from __future__ import annotations

from desktop_app.cli.command_line import Command, Commands, argument, flag, json_flag, option
from desktop_app.i18n.translation import tr


def sync_arguments() -> Commands:
    return Commands(
        tr("synchronize the library with your other computers"),
        {
            "status": lambda: Command(tr("show what is synchronized"), [json_flag()]),
            "now": lambda: Command(tr("send and receive changes"), [json_flag()]),
            "join": _join,
            "devices": lambda: Command(
                tr("list the computers that share the library"),
                [
                    option("--strike-off NAME", tr("forget a lost computer"), default=""),
                    json_flag(),
                ],
                tr("What only that computer has sent is sent again by this one."),
            ),
            "code": lambda: Command(tr("show the code that joins another computer"), []),
            "leave": lambda: Command(
                tr("stop synchronizing this computer"),
                [],
                tr("Everything stays on this computer, and in the storage."),
            ),
        },
        tr(
            "The library is encrypted here, and stored in a folder that another program copies, on "
            "a WebDAV server, or on S3. Everyone with the passphrase reads and changes everything."
        ),
    )


def _join() -> Command:
    return Command(
        tr("begin to synchronize, or join the library of another computer"),
        [
            argument("address", "ADDRESS"),
            option("--user NAME", tr("the user name, or the ID of an S3 key"), default=""),
            option("--endpoint URL", tr("the server of S3, if it is not Amazon’s"), default=""),
            option(
                "--ca-file FILE", tr("a certificate to trust, as of your own server"), default=""
            ),
            flag("--allow-http", tr("allow a server in the own network without encryption")),
            option("--name NAME", tr("the name of this computer for the others"), default=""),
            flag("--fetch-all", tr("fetch all attachments, not only those that are opened")),
        ],
        tr(
            "ADDRESS is an existing folder, an https address of WebDAV, or s3://BUCKET/FOLDER. The "
            "passphrase (or the code or line of another computer), and the password if --user is "
            "given, are asked for, or are two lines of standard input. {passphrase} and {password} "
            "replace them where no keyring keeps them.",
            passphrase="REPARTEE_SYNC_PASSPHRASE",
            password="REPARTEE_SYNC_PASSWORD",
        ),
    )
