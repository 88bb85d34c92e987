"""The options of `repartee import` and `repartee export`."""

from __future__ import annotations

from desktop_app.cli import command_line as cli
from desktop_app.exchange.export_format import EXPORT_FORMATS, PAGE
from desktop_app.i18n.translation import tr


def import_arguments() -> cli.Command:
    return cli.Command(
        tr("import conversations from files"),
        [cli.files("files"), cli.json_flag(), *cli.progress_flags()],
        tr(
            "Reads files of Repartee, ChatGPT, Claude, DeepSeek, Gemini (Google Takeout), "
            "Grok, Le Chat, OpenRouter, Open WebUI, LibreChat, LM Studio, Chatbox, Cherry "
            "Studio, Jan, and TypingMind (JSON or the ZIP archive), and JSONL of messages in "
            "OpenAI’s form. Importing a file again adds only what is new. An open window "
            "shows imported conversations immediately. “-” reads standard input."
        ),
        codes={0: tr("Everything was imported"), 1: tr("Something wasn’t imported")},
    )


def export_arguments() -> cli.Command:
    return cli.Command(
        tr("export conversations to files"),
        [
            cli.flag("--all", tr("export every conversation")),
            cli.repeatable("--conversation ID", tr("export this conversation (repeatable)")),
            cli.option(
                "--format",
                tr("the format of the files"),
                [*(f.id for f in EXPORT_FORMATS), PAGE],
                required=True,
            ),
            cli.flag(
                "--last-response",
                tr("export only the last response of each conversation (JSON has everything)"),
            ),
            cli.flag("--details", tr("page: also reasoning, tool calls, passages, and costs")),
            cli.flag("--versions", tr("page: also other versions of questions and responses")),
            cli.flag("--yes", tr("page: write it without confirmation")),
            cli.option(
                "-o --to PATH",
                tr("a file or folder, or “-” for standard output"),
                cli.file_name,
                required=True,
            ),
            *cli.progress_flags(),
        ],
        tr(
            "PATH is a file for JSON or a single conversation, otherwise a folder, or “-” for "
            "standard output. JSON is complete and can be imported. It includes attachments, "
            "but no API keys. Markdown, HTML, and PDF contain the messages shown in the window. "
            "A page is HTML to give away: the command says which names, files, and pictures it "
            "holds, and asks."
        ),
        required=("all", "conversation"),
    )
