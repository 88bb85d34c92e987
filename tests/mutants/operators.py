"""Finds mutable places in a module and creates the mutants."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """A module with a single change. `text` is the original line."""

    module: str
    line: int
    operator: str
    text: str
    source: str


def places(source: str) -> list[tuple[int, str]]:
    """Return the number of the syntax node and the operator of each possible mutant."""
    return [
        (number, operator)
        for number, node in enumerate(_nodes(ast.parse(source)))
        if (operator := _operator(node))
    ]


def make_mutant(module: str, source: str, number: int) -> Mutant:
    """Return the mutant at place `number`. Its source has no comments or original layout."""
    tree = ast.parse(source)
    node = next(node for index, node in enumerate(_nodes(tree)) if index == number)
    operator = _operator(node)
    line: int = getattr(node, "lineno", 1)
    _change(node)
    mutated = ast.unparse(ast.fix_missing_locations(tree))
    return Mutant(module, line, operator, source.splitlines()[line - 1].strip(), mutated)


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs: no annotations, and no body of `if TYPE_CHECKING`."""
    yield node
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.AST) and not _is_for_types(child):
                yield from _nodes(child)


def _is_for_types(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _operator(node: ast.AST) -> str:
    """Return the name of the change that this node can take, or ""."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            return "comparison"
        case ast.BoolOp():
            return "and/or"
        case ast.UnaryOp(op=ast.Not()):
            return "not"
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC and not _is_text(node):
            return "arithmetic"
        case ast.Constant(value=bool() | int()):
            return "constant"
        case ast.Return(value=ast.expr()) if not _is_none(node.value):
            return "return None"
        case ast.ExceptHandler(type=ast.expr()):
            return "except"
    return ""


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _change(node: ast.AST) -> None:
    match node:
        case ast.Compare():
            node.ops = [_COMPARISONS[type(node.ops[0])]()]
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
        case ast.BinOp():
            node.op = _ARITHMETIC[type(node.op)]()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int(value)):
            node.value = value + 1
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.ExceptHandler():
            node.type = ast.Tuple([], ast.Load())
