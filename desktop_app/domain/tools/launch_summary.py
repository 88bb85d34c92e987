"""Summarizes what a tool server of a foreign file would run or contact, for the user's consent.

Keys are left out of variables whose names say that they are secret, and after options such as
`--token`. Everything else is shown: a variable such as BASH_ENV or HTTPS_PROXY can run a program or
lead to a server, even if its value looks like a key.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from desktop_app.domain.tools.tool_server import (
    filled_command,
    is_secret_name,
    referenced_variables,
)
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.domain.tools.tool_server import ServerSecrets, ToolServer

_KEY_LIKE: Final = re.compile(r"\w[\w.-]*")
"""Matches secrets that are left out. Any other may be a path or a shell command, and is shown."""
_ENCODED_KEY: Final = re.compile(r"[\w+][\w.+/=-]*")
"""Matches secrets that are left out if the name of their variable says that they are secret."""
_URL_PASSWORD: Final = re.compile(r"(?<=://)[\w.%-]*:[\w.%-]+(?=@)")


def launch_summary(server: ToolServer, secrets: ServerSecrets) -> list[str]:
    """Return a line with the name and the command or address, then indented lines with facts.

    The command is complete, except for secret arguments that look like keys. Of headers, only the
    names are shown. The caller has to replace line breaks within the lines.
    """
    if server.url:
        start = server.url + ("?…" if server.has_query else "")
    else:
        start = shlex.join(_shown_command(server.command, secrets.arguments))
    facts = []
    if server.folder:
        facts.append(tr("Folder: {folder}", folder=server.folder))
    if variables := {**server.environment, **secrets.environment}:
        settings = (f"{name}={_shown_value(name, value)}" for name, value in variables.items())
        facts.append(tr("Sets variables: {names}", names=_join_names(settings)))
    if server.headers:
        facts.append(tr("Sends headers: {names}", names=_join_names(server.headers)))
    if read_variables := referenced_variables(server, secrets):
        facts.append(tr("Gets your variables: {names}", names=_join_names(read_variables)))
    return [f"{server.name}: {start}", *(f"    {fact}" for fact in facts)]


def _shown_command(command: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """Return a command without the arguments after options that look like keys.

    Any other word may be a program or package, even if it looks like a key: `npx sk-…` runs one.
    """
    masked_arguments = [
        "…" if _KEY_LIKE.fullmatch(argument) else argument for argument in arguments
    ]
    whole_command = filled_command(command, arguments)
    masked_command = filled_command(command, masked_arguments)
    return [
        word if visible == "…" and not preceding.startswith("--") else visible
        for preceding, word, visible in zip(
            ("", *command), whole_command, masked_command, strict=False
        )
    ]


def _shown_value(name: str, value: str) -> str:
    is_key = is_secret_name(name) and "askpass" not in name.lower()  # SSH_ASKPASS is a program
    return "…" if is_key and _ENCODED_KEY.fullmatch(value) else _URL_PASSWORD.sub("…", value)


def _join_names(names: Iterable[str]) -> str:
    return ", ".join(map(shlex.quote, names))
