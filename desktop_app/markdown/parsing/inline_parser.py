"""An inline parser that tries at each mark only the rules that may begin with it.

markdown-it tries every rule at every mark: fifteen calls for a single `&`. These calls are most of
the cost in text with many marks. Text without marks, such as most table cells, becomes a token at
once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from markdown_it.parser_inline import ParserInline
from markdown_it.token import Token

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.parser_inline import RuleFuncInlineType
    from markdown_it.rules_inline import StateInline

_FIRST_CHARACTERS: Final = {
    "linkify": ":",
    "newline": "\n",
    "escape": "\\",
    "math": "$\\",
    "backticks": "`",
    "wide_emphasis": "*~",
    "emphasis": "_*",
    "link": "[",
    "citation": "[",
    "footnote_ref": "[",
    "image": "!",
    "element": "<",
    "autolink": "<",
    "html_inline": "<",
    "entity": "&",
}


class InlineParser(ParserInline):
    """An inline parser with the active rules of another inline parser.

    Raises:
        KeyError: a rule is missing in `_FIRST_CHARACTERS`.
    """

    def __init__(self, base_parser: ParserInline) -> None:
        super().__init__()
        self.ruler = base_parser.ruler
        self.ruler2 = base_parser.ruler2
        self._rules: dict[str, list[RuleFuncInlineType]] = {}
        rules = zip(self.ruler.get_active_rules(), self.ruler.getRules(""), strict=True)
        for name, rule in rules:
            if name != "text":  # `tokenize` does the work of this rule
                for character in _FIRST_CHARACTERS[name]:
                    self._rules.setdefault(character, []).append(rule)
        # The search for the end of a link's words also goes from mark to mark.
        self._mark_pattern = re.compile(f"[{re.escape(''.join(self._rules))}\\]]")

    def parse(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        """Append the tokens of a text."""
        if src and self._mark_pattern.search(src) is None:
            tokens.append(Token("text", "", 0, content=src))
            return tokens
        return super().parse(src, md, env, tokens)

    def tokenize(self, state: StateInline) -> None:
        """Append the tokens of a text; plain words go directly to the pending text."""
        src = state.src
        end = state.posMax
        search = self._mark_pattern.search
        max_level = state.md.options["maxNesting"]
        while state.pos < end:
            pos = state.pos
            mark = search(src, pos, end)
            mark_start = end if mark is None else mark.start()
            if mark_start > pos:
                state.append_pending(src[pos:mark_start])
                state.pos = mark_start
            elif state.level >= max_level or not self._match_rule(state, silent=False):
                state.append_pending(src[pos])
                state.pos = pos + 1
        if state.pending:
            state.pushPending()

    def skipToken(self, state: StateInline) -> None:  # noqa: N802
        """Skip the plain words or the construct at the state's position, without making tokens."""
        pos = state.pos
        end = state.posMax
        if pos in state.cache:
            state.pos = state.cache[pos]
            return
        mark = self._mark_pattern.search(state.src, pos, end)
        mark_start = end if mark is None else mark.start()
        if state.level >= state.md.options["maxNesting"]:
            state.pos = end + 1
        elif mark_start > pos:
            state.pos = mark_start
        else:
            state.level += 1
            if not self._match_rule(state, silent=True):
                state.pos += 1
            state.level -= 1
        state.cache[pos] = state.pos

    def _match_rule(self, state: StateInline, *, silent: bool) -> bool:
        """Return True if a rule matches at a mark, and move the state past the match."""
        for rule in self._rules.get(state.src[state.pos], ()):  # noqa: SIM110 - twice as fast
            if rule(state, silent):
                return True
        return False
