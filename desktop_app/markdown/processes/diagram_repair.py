"""Puts quotes around labels of a diagram that Mermaid's grammar reads as something else.

Models write `A[Start (init)]` for `A["Start (init)"]`. The words that are shown do not change.
"""

from __future__ import annotations

import re
from typing import Final

_KIND: Final = re.compile(r"^[ \t]*(graph|flowchart|sequenceDiagram|erDiagram)\b", re.M | re.I)
_SPECIAL: Final = re.compile(r"""[()\[\]{}<>/\\|@"';]""")
# What is between brackets, with one more pair of these in it.
_SQUARE: Final = r"\[(?P<square>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]"
_ROUND: Final = r"\((?P<round>(?:[^()\n]|\([^()\n]*\))*)\)"
_CURLY: Final = r"\{(?P<curly>(?:[^{}\n]|\{[^{}\n]*\})*)\}"
_NODE: Final = re.compile(
    rf"(?P<name>(?<![\w\"])[\w-]*\w|^[ \t]*subgraph[ \t]+\w+[ \t]+)(?:{_SQUARE}|{_ROUND}|{_CURLY})",
    re.M,
)
_QUOTED: Final = re.compile(r'\s*".*"\s*', re.DOTALL)
# Labels whose first and last characters belong to a shape: a database, a subroutine …
_SHAPES: Final = {
    "square": re.compile(r"\(.*\)|\[.*\]|[/\\].*[/\\]"),
    "round": re.compile(r"\(.*\)|\[.*\]"),
    "curly": re.compile(r"\{.*\}"),
}
_EDGE_LABEL: Final = re.compile(r"(?P<arrow>[-=.][>xo-]?\s?)\|(?P<label>[^|\n]+)\|")
_END: Final = re.compile(
    r"(?<![\w\"])end(?P<bracket>[\[({])?(?=\s*(?:-->|---|-\.|==|$|[;&])|(?<=\W))"
)
_ARROW: Final = re.compile(r"--|==|-\.")
_MESSAGE: Final = re.compile(r"(?P<head>^[^:\n]+:)(?P<text>[^\n]*;[^\n]*)", re.M)
_SEMICOLON: Final = re.compile(r"(?P<entity>#\w+;)|;")
_RELATION: Final = re.compile(r"(?P<head>^[^:\n]*(?:--|\.\.)[^:\n]*:\s*)(?P<label>[^\n]+)$", re.M)


def with_quotes(source: str) -> str:
    """Return a diagram with quotes around its labels; the same text for another kind."""
    match = _KIND.search(source)
    kind = match[1].lower() if match else ""
    if kind in ("graph", "flowchart"):
        lines = [
            _END.sub(_renamed_end, line) if _ARROW.search(line) or "end[" in line else line
            for line in source.split("\n")
        ]
        source = _NODE.sub(_quoted_node, "\n".join(lines))
        return _EDGE_LABEL.sub(lambda edge: f"{edge['arrow']}|{_quoted(edge['label'])}|", source)
    if kind == "sequencediagram":  # a semicolon would begin another statement
        return _MESSAGE.sub(
            lambda message: (
                message["head"]
                + _SEMICOLON.sub(lambda mark: mark["entity"] or "#59;", message["text"])
            ),
            source,
        )
    if kind == "erdiagram":
        return _RELATION.sub(lambda row: row["head"] + _quoted(row["label"]), source)
    return source


def _quoted(label: str) -> str:
    if _QUOTED.fullmatch(label) or not _SPECIAL.search(label):
        return label
    words = label.strip().replace('"', "#quot;")
    return f'"{words}"'


def _quoted_node(node: re.Match[str]) -> str:
    shape = next(name for name in _SHAPES if node[name] is not None)
    label = node[shape]
    if _SHAPES[shape].fullmatch(label.strip()):
        return node[0]
    start, end = node.span(shape)
    begin = node.start()
    return f"{node[0][: start - begin]}{_quoted(label)}{node[0][end - begin :]}"


def _renamed_end(name: re.Match[str]) -> str:
    """Return another name for a node called "end", a word of the grammar."""
    return f"end_{name['bracket']}" if name["bracket"] else 'end_["end"]'
