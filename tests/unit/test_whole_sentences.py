"""Translated texts are whole: no text is assembled from pieces, cut, or changed after it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PRODUCT: Final = Path(__file__).parents[2] / "desktop_app"
TRANSLATING: Final = {"tr", "tr_plural", "tr_context"}
CALL: Final = re.compile(r"\btr(_plural|_context)?\(")
CHANGING: Final = {
    *("capitalize", "casefold", "format", "lower", "lstrip", "partition", "removeprefix"),
    *("removesuffix", "replace", "rpartition", "rstrip", "split", "splitlines", "strip", "title"),
    "upper",
}
# Whole sentences, the facts of a list, and the filters of a file dialog may follow each other.
SEPARATORS: Final = {"", " ", " · ", "\n", "\n\n", ";;"}
ALLOWED: Final = {
    # Words that users type.
    "cli/streams/console.py: tr_context('typed to agree', 'y yes').casefold()",
    "cli/streams/console.py: tr_context('typed to cancel', 'c cancel').casefold()",
    # What the user typed.
    "app/library/list_presenter.py: title.strip()",
    # Marks of Markdown around a caption.
    "exchange/writers/markdown_file.py: > *{tr('Reasoning')}*\\n>\\n{quote}",
}


def is_translated(node: ast.AST) -> bool:
    """Return True for an expression whose value is, or may be, a translated text."""
    if isinstance(node, ast.IfExp):
        return is_translated(node.body) or is_translated(node.orelse)
    if isinstance(node, ast.BoolOp):
        return any(map(is_translated, node.values))
    name = node.func if isinstance(node, ast.Call) else None
    return getattr(name, "id", getattr(name, "attr", "")) in TRANSLATING


def assembled(tree: ast.AST) -> Iterator[str]:
    """Yield each expression that makes a text from translated ones, but does not just list them."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            names = set(translated_names(scope))
            for node in ast.walk(scope):
                yield from faults(node, names)


def translated_names(scope: ast.AST) -> Iterator[str]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.NamedExpr) and is_translated(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def faults(node: ast.AST, names: set[str]) -> Iterator[str]:
    def is_text(part: ast.AST) -> bool:
        return is_translated(part) or (isinstance(part, ast.Name) and part.id in names)

    found = False
    if isinstance(node, ast.BinOp):
        is_joining = isinstance(node.op, ast.Add | ast.Mod)
        found = is_joining and (is_text(node.left) or is_text(node.right))
    elif isinstance(node, ast.AugAssign):
        found = isinstance(node.op, ast.Add) and (is_text(node.target) or is_text(node.value))
    elif isinstance(node, ast.JoinedStr):
        values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        between = {part.value for part in node.values if isinstance(part, ast.Constant)}
        at_end = isinstance(node.values[-1], ast.Constant)
        found = any(map(is_text, values)) and (not between <= SEPARATORS or at_end)
        found = found and not is_row_or_file_name(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        of = node.func.value
        if node.func.attr == "join" and isinstance(of, ast.Constant):
            inner = (part for argument in node.args for part in ast.walk(argument))
            found = of.value not in SEPARATORS and any(map(is_text, inner))
        else:
            found = node.func.attr in CHANGING and is_text(of)
    if found:
        yield text_of(node)


def is_row_or_file_name(node: ast.JoinedStr) -> bool:
    """Return True for a row of columns in a terminal, a file name, and a filter of file names."""
    values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
    end = node.values[-1]
    if isinstance(end, ast.Constant) and re.fullmatch(r"\.[a-z]+", str(end.value)):
        return True
    last = ast.unparse(values[-1].value).rpartition(".")[2]
    return last in ("suffix", "ending") or any(part.format_spec for part in values)


def text_of(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text[2:-1] if isinstance(node, ast.JoinedStr) else text


def test_no_text_is_assembled_from_translated_pieces() -> None:
    found = {
        f"{path.relative_to(PRODUCT).as_posix()}: {text}"
        for path in sorted(PRODUCT.rglob("*.py"))
        if CALL.search(source := path.read_text("utf-8"))
        for text in assembled(ast.parse(source))
    }
    assert found - ALLOWED == set()
    assert found >= ALLOWED, "remove what is gone"


def test_assembled_texts_are_found() -> None:
    tree = ast.parse(
        "def f(n):\n"
        "    words = tr('Three files') if n else ''\n"
        "    words += tr('and more')\n"
        "    a = tr('It costs ') + n\n"
        "    b = f'{words}, {n}'\n"
        "    c = ', '.join(tr(each) for each in n)\n"
        "    d = tr('Some Title').lower()\n"
        "    e = f'{words} {tr(\"Another sentence.\")}'\n"
        "    g = ' '.join((words, tr('Another sentence.')))\n"
    )
    assert len(list(assembled(tree))) == 5
