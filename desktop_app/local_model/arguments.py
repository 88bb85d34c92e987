"""The options of `repartee models list`, `get` and `remove`."""

from __future__ import annotations

from desktop_app.cli import command_line as cli
from desktop_app.i18n.translation import tr


def list_arguments() -> cli.Command:
    return cli.Command(
        tr("list the models on this computer, and those to download"),
        [cli.json_flag()],
        tr(
            "Models of Ollama, LM Studio, and the Hugging Face cache are used where they are. "
            "Models with a free license can be downloaded with “{command}”.",
            command="repartee models get NAME",
        ),
    )


def get_arguments() -> cli.Command:
    return cli.Command(
        tr("download a model to this computer"),
        [
            cli.argument("name", "NAME"),
            cli.flag(
                "--any-size", tr("download a file even if its host doesn’t say how large it is")
            ),
            *cli.progress_flags(),
            cli.json_flag(),
        ],
        tr(
            "NAME is a name that “{command}” shows, or the https:// or file:// URL of a GGUF file. "
            "A download that was interrupted continues. The file is checked before it is used.",
            command="repartee models list",
        ),
    )


def remove_arguments() -> cli.Command:
    return cli.Command(
        tr("remove a downloaded model, or an unfinished download"),
        [cli.argument("name", "NAME"), cli.json_flag()],
    )
