"""Names the GPT-5.2 models in the environment, for servers that do not list them."""

from __future__ import annotations

from typing import Final

FAMILY: Final = ("gpt-5.2", "gpt-5.2-chat-latest", "gpt-5.2-pro")
FAMILY_ENVIRONMENT: Final = {"OPENAI_MODEL": ",".join(FAMILY)}
