"""The commands that the text of the prompt runs itself."""

from __future__ import annotations

from typing import Final

from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Command, CommandScope

PROMPT_COMMANDS: Final = (
    Command("prompt.send", N_("Send message"), Category.PROMPT, "Return", CommandScope.PROMPT),
)
