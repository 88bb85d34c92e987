"""Summarizes what a tool server of a foreign file would run or contact, for the user's consent.

The values of variables and of arguments like keys are left out. A command that runs one of them,
such as `sh -c "$X"`, shows that it does.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from desktop_app.domain.tools.tool_server import filled_command, referenced_variables
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.domain.tools.tool_server import ServerSecrets, ToolServer

_KEY_LIKE: Final = re.compile(r"[\w.-]+")
"""Matches secrets that are left out. Others may be paths or commands of a shell, and are shown."""


def launch_summary(server: ToolServer, secrets: ServerSecrets) -> list[str]:
    """Return lines: the name and the command or address, then, indented, what else matters.

    The command is complete, except for secret arguments that look like keys. Of headers and
    variables, only the names are shown. Line breaks in these are for the caller to replace.
    """
    if server.url:
        start = server.url + ("?…" if server.has_query else "")
    else:
        hidden = [
            "…" if _KEY_LIKE.fullmatch(argument) else argument for argument in secrets.arguments
        ]
        start = shlex.join(filled_command(server.command, hidden))
    facts = []
    if server.folder:
        facts.append(tr("Folder: {folder}", folder=server.folder))
    if server.environment:
        facts.append(tr("Sets variables: {names}", names=_joined(server.environment)))
    if server.headers:
        facts.append(tr("Sends headers: {names}", names=_joined(server.headers)))
    if read := referenced_variables(server, secrets):
        facts.append(tr("Gets your variables: {names}", names=_joined(read)))
    return [f"{server.name}: {start}", *(f"    {fact}" for fact in facts)]


def _joined(names: Iterable[str]) -> str:
    return ", ".join(map(shlex.quote, names))
