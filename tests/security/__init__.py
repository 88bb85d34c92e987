"""Attacks on the program, run as a campaign: `python -m tests.security`.

Each test lives with the tests of the code that it attacks. It has the marker `attack` with the name
of the property that it tries to break (`TARGETS`). The suite runs all of them. The campaign runs
only them, with many more generated examples, and prints the results by target.
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
    "prompt-delimiters": "Documents stand between delimiters in prompts",
    "tools": "Tools reach nothing without consent, and code nothing outside",
    "links": "Links show where they lead",
    "file-modes": "Files are private, temporary copies are removed",
    "local-calls": "Local calls are typed and bounded",
    "supply-chain": "What is shipped is known, licensed and reproducible",
}
