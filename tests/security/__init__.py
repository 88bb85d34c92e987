"""Attacks on the program, run as a campaign: `python -m tests.security`.

The tests stand with the code that they attack and carry the marker `attack`, with the name of what
they try to break (`TARGETS`). The suite runs them all; the campaign runs them alone, with many more
generated examples, and prints what was tried and what held.
"""

from __future__ import annotations

from typing import Final

TARGETS: Final = {
    "working-folder": "Code in the current folder never runs",
    "key-origin": "Keys are bound to an origin",
    "plain-text": "Foreign text is plain text in every widget",
    "terminal": "Terminal output is clean",
    "sandbox": "Document readers are sandboxed",
    "child-environment": "No child process sees a key",
    "reply-bounds": "Replies are bounded",
    "secrets": "No secret at rest",
    "imports": "Imports, restores and repairs trust nothing",
    "prompt-fences": "Documents stand between fences in prompts",
    "links": "Links show where they lead",
    "file-modes": "Files are private, temporary copies are removed",
    "local-calls": "Local calls are typed and bounded",
    "supply-chain": "What is shipped is known, licensed and reproducible",
}
