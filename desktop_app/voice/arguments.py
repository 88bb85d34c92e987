"""The options of `repartee transcribe`."""

from __future__ import annotations

from desktop_app.cli.command_line import Command, files, flag, json_flag, option, progress_flags
from desktop_app.i18n.translation import tr


def transcribe_arguments() -> Command:
    return Command(
        tr("write what is said in sound and video files"),
        [
            files("files"),
            option("--language CODE", tr("the language, such as de; else it is found"), default=""),
            option(
                "--by WHO",
                tr("transcribe on this computer, or by the provider; else as set in the window"),
                ("computer", "provider"),
            ),
            option(
                "--model NAME", tr("the provider’s model; else as set in the window"), default=""
            ),
            flag("--speakers", tr("have a provider’s model tell the speakers apart")),
            option(
                "--format FORMAT",
                tr("lines with times, or subtitles"),
                ("text", "srt", "vtt"),
                default="text",
            ),
            flag("-y --yes", tr("send the voice to the provider without asking")),
            json_flag(),
            *progress_flags(),
        ],
        tr(
            "Each line begins with its time. “{command}” downloads a model for this computer.",
            command="repartee models get whisper-base",
        ),
    )
