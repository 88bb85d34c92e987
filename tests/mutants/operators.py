"""Finds mutable places in a module and creates the mutants.

Some kinds of places are left out, because a program with the change behaves as well as without it:

- the body of a Protocol, which only states a type: its defaults never apply;
- the size of a limit or of a piece of work: a constant of 100 or more, or a product or shift, whose
  name says so (`MAX_LINES`, `LONGEST_LINE`, `_MAX_CELLS`) or says how much is done at once
  (`_PIECE`, `AT_ONCE`). Its value was chosen, and a neighboring one would do as well. Small limits
  are mutated;
- `<` or `<=` of a comparison with such a limit of the module, which is the same neighboring value;
- `<` or `<=` of a comparison with a share (`gap < 0.4 * height`): the share was chosen, and two
  measured numbers are hardly ever in that exact ratio;
- `repr=False` of a field, which only programmers see;
- the end of a slice at 100 or more, which cuts a text or takes a sample: another would do as well;
- `return False` changed to None, which is as false; its change to True is among the mutants;
- `strict=True` of `zip`, which asserts that a correct program has as many of both.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
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
_LIMITS: Final = re.compile(
    r"(^|_)(MAX|MIN|MOST|LEAST|(DEEP|LARG|LONG|NARROW|SHORT|SMALL|TALL|WID)EST"
    r"|AT_ONCE|CHUNK|PIECE|SAMPLE|SLICE|STEP)(_|$)"
)
_LARGE: Final = 100
"""Adding one to a limit of at least this size changes it by at most 1 %."""


@dataclass(frozen=True)
class Mutant:
    """A module with a single change.

    Attributes:
        lines: the lines of the changed statement.
        text: the original line.
        tree: the changed module, with the original positions.
    """

    module: str
    line: int
    lines: range
    operator: str
    text: str
    tree: ast.Module

    @property
    def source(self) -> str:
        """Return the changed module, without its comments and layout."""
        return ast.unparse(self.tree)


def find_places(source: str) -> list[tuple[int, str]]:
    """Return the number of the syntax node and the operator of each possible mutant."""
    tree = ast.parse(source)
    limits = {name for statement in tree.body if (name := _limit(statement))}
    return [
        (number, operator)
        for number, node in enumerate(_nodes(tree))
        if (operator := _operator(node, limits))
    ]


def make_mutant(module: str, source: str, number: int) -> Mutant:
    """Return the mutant at place `number`."""
    tree = ast.parse(source)
    node = next(node for index, node in enumerate(_nodes(tree)) if index == number)
    operator = _operator(node)
    line: int = getattr(node, "lineno", 1)
    lines = range(line, line + 1) if operator == "except" else _statement(tree, line)
    _change(node)
    text = source.splitlines()[line - 1].strip()
    return Mutant(module, line, lines, operator, text, ast.fix_missing_locations(tree))


def _statement(tree: ast.Module, line: int) -> range:
    """Return the lines of the innermost statement at a line; only the head of a block."""
    found = range(line, line + 1)
    for node in ast.walk(tree):  # outer nodes first
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno
            found = range(node.lineno, max(end or line, line) + 1)
    return found


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that can be changed: no annotations, and nothing that is left out."""
    yield node
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.AST) and not _is_left_out(child, node):
                yield from _nodes(child)


def _is_left_out(node: ast.AST, parent: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING")):
            return True
        case ast.ClassDef(bases=bases):
            return any("Protocol" in ast.unparse(base) for base in bases)
        case ast.keyword("repr", ast.Constant(False)):
            return True
        case ast.keyword("strict", ast.Constant(True)):
            return isinstance(parent, ast.Call) and ast.unparse(parent.func) == "zip"
    match parent:
        case ast.Slice(upper=upper):
            return node is upper and _is_large(node)
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return bool(_LIMITS.search(name)) and (_is_large(node) or _is_product(node))
    return False


def _limit(statement: ast.stmt) -> str:
    """Return the name of the limit that a statement defines, or ""."""
    match statement:
        case (
            ast.Assign(targets=[ast.Name(name)], value=ast.expr() as value)
            | ast.AnnAssign(target=ast.Name(name), value=ast.expr() as value)
        ):
            return name if _is_left_out(value, statement) else ""
    return ""


def _is_large(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= _LARGE


def _is_product(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(op=ast.Mult() | ast.LShift() | ast.Pow()):
            return all(
                isinstance(side, ast.Constant) or _is_product(side)
                for side in (node.left, node.right)
            )
    return False


def _operator(node: ast.AST, limits: Collection[str] = ()) -> str:
    """Return the name of the change that this node can take, or ""."""
    match node:
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]) if any(
            (isinstance(side, ast.Name) and side.id in limits) or _is_share(side)
            for side in (node.left, *node.comparators)
        ):
            return ""
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
        case ast.Return(value=ast.expr()) if not _is_none_or_false(node.value):
            return "return None"
        case ast.ExceptHandler(type=ast.expr()):
            return "except"
    return ""


def _is_share(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return any(
                isinstance(side, ast.Constant) and type(side.value) is float
                for side in (left, right)
            )
    return False


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )


def _is_none_or_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or node.value is False)


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
