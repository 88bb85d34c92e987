"""An exact calculator: decimal arithmetic with numbers, pi, e, + - * / // % ^ and a few functions.

Python parses the expression and evaluates nothing of it. Digits and exponents are bounded, so that
no expression takes noticeably long.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
)
from functools import reduce
from typing import Final

from desktop_app.domain.tools.tool import ToolError

MAX_EXPRESSION_CHARS: Final = 2000
DIGITS: Final = 100
MAX_EXPONENT: Final = 10_000
_MAX_DIGITS: Final = 2 * MAX_EXPONENT + DIGITS
"""The digits of the longest exact difference: that of the largest and the smallest value."""
_NO_COMMAS: Final = "Numbers have a decimal point, and no separators of thousands."
_NO_PERCENT: Final = (
    "% is the remainder of a division. Write 15/100 for 15 %, and 7 % (-3) for a negative divisor."
)

_TOKEN_PATTERN: Final = re.compile(
    r"\s*(?:(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[a-z]+)"
    r"|(?P<mark>\*\*|//|[-+*/%^(),]))"
)
_PI: Final = Decimal(
    "3.14159265358979323846264338327950288419716939937510"
    "5820974944592307816406286208998628034825342117067982148"
)


def _context() -> Context:
    return Context(
        prec=DIGITS,
        rounding=ROUND_HALF_EVEN,
        Emax=MAX_EXPONENT,
        Emin=-MAX_EXPONENT,
        traps=[DivisionByZero, InvalidOperation, Overflow, Underflow],
    )


def _wide_context() -> Context:
    """Return a context with enough digits for an exact integer division."""
    context = _context()
    context.prec = _MAX_DIGITS
    return context


def calculate(expression: str) -> str:
    """Return the value of an expression, exact or rounded to DIGITS digits.

    Raises:
        ToolError: the expression is not arithmetic, or its value is out of bounds.
    """
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise ToolError(f"The expression is longer than {MAX_EXPRESSION_CHARS} characters.")
    context = _context()
    try:
        tree, numbers = _parse(expression)
        value = _Evaluator(numbers, context).value(tree)
    except RecursionError as exc:
        raise ToolError("The expression is nested too deeply.") from exc
    except DivisionByZero as exc:
        raise ToolError("Division by zero.") from exc
    except Overflow as exc:
        raise ToolError("The value is too large.") from exc
    except Underflow as exc:
        raise ToolError("The value is too small.") from exc
    except DecimalException as exc:
        raise ToolError("The value is not defined.") from exc
    text = _format(value)
    if context.flags[Inexact]:  # some step of the calculation was rounded
        text += f" (rounded to {DIGITS} digits)"
    return text


def _format(value: Decimal) -> str:
    if not value:
        return "0"
    normal = value.normalize(_context())  # without zeros at the end
    exponent = normal.as_tuple().exponent
    # Only infinity and NaN have an exponent that is no number; they do not get here.
    if isinstance(exponent, int) and -DIGITS <= exponent <= DIGITS:
        return f"{normal:f}"
    return str(normal)  # in scientific notation, because it would have many zeros


def _parse(expression: str) -> tuple[ast.expr, dict[str, str]]:
    """Return the tree of an expression, and the texts of its numbers, which are names in the tree.

    As names, because Python would round the numbers.
    """
    text = expression.replace("×", "*").replace("÷", "/").replace("−", "-").rstrip()
    words: list[str] = []
    numbers: dict[str, str] = {}
    index = 0
    while index < len(text):
        match = _TOKEN_PATTERN.match(text, index)
        if match is None:
            unexpected = text[index:].lstrip()
            position = len(text) - len(unexpected) + 1
            raise ToolError(f"Unexpected “{unexpected[:20].strip()}” at position {position}.")
        index = match.end()
        if number := match["number"]:
            if len(number) > 1 and number.isdigit() and number[0] == "0":  # as in sum(1,000, 2)
                raise ToolError(f"Unexpected “{number}”. {_NO_COMMAS}")
            words.append(f"n{len(numbers)}")
            numbers[words[-1]] = number
        else:
            mark = match["mark"]
            if mark not in (None, "(") and words[-1:] == ["%"]:  # as in 15% - 3
                raise ToolError(_NO_PERCENT)
            words.append("**" if mark == "^" else mark or match["name"])
    if words[-1:] == ["%"]:
        raise ToolError(_NO_PERCENT)
    try:
        return ast.parse(" ".join(words), mode="eval").body, numbers
    except (SyntaxError, MemoryError) as exc:  # MemoryError: nested too deeply
        raise ToolError(f"The expression is not arithmetic ({exc}).") from exc


class _Evaluator:
    """Evaluates the tree of an expression in a context."""

    def __init__(self, numbers: Mapping[str, str], context: Context) -> None:
        self._numbers = numbers
        self._context = context
        self._operators: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
            ast.Add: context.add,
            ast.Sub: context.subtract,
            ast.Mult: context.multiply,
            ast.Div: context.divide,
            # `plus` rounds the exact results of `_divide` to DIGITS digits.
            ast.FloorDiv: lambda a, b: context.plus(_divide(a, b)[0]),
            ast.Mod: lambda a, b: context.plus(_divide(a, b)[1]),
            ast.Pow: self._power,
        }
        self._functions: dict[str, Callable[[list[Decimal]], Decimal]] = {
            "abs": lambda v: context.abs(_require_single(v)),
            "sqrt": lambda v: context.sqrt(_require_single(v)),
            "exp": lambda v: context.exp(_require_single(v)),
            "ln": lambda v: context.ln(_require_positive(v)),
            "log": lambda v: context.log10(_require_positive(v)),
            "floor": lambda v: context.plus(_divide(_require_single(v), Decimal(1))[0]),
            "ceil": lambda v: context.minus(
                _divide(_require_single(v).copy_negate(), Decimal(1))[0]
            ),
            "round": lambda v: _round(v, context),
            "min": min,
            "max": max,
            "sum": lambda v: reduce(context.add, v, Decimal(0)),
        }

    def value(self, node: ast.expr) -> Decimal:
        """Return the value of a part of the expression."""
        # A long sum is deep on its left side only, which takes no recursion here.
        operations: list[ast.BinOp] = []
        while isinstance(node, ast.BinOp):
            operations.append(node)
            node = node.left
        value = self._operand(node)
        for operation in reversed(operations):
            operator = self._operators.get(type(operation.op))
            if operator is None:
                raise ToolError("The expression is not arithmetic.")
            value = operator(value, self.value(operation.right))
        return value

    def _operand(self, node: ast.expr) -> Decimal:
        context = self._context
        match node:
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand)
            case ast.UnaryOp(op=ast.USub()):
                return context.minus(self.value(node.operand))
            case ast.Name(id="pi"):
                return context.plus(_PI)  # sets the flag Inexact, because it rounds
            case ast.Name(id="e"):
                return context.exp(Decimal(1))
            case ast.Name(id=name) if name in self._numbers:
                return context.create_decimal(self._numbers[name].replace("_", ""))
            case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if (
                name not in self._functions
            ):
                known = ", ".join((*sorted(self._functions), "pi", "e"))
                raise ToolError(f"“{name}” is unknown. Known: {known}.")
            case ast.Call(func=ast.Name(id=name), args=[_, *_]):
                return self._functions[name]([self.value(each) for each in node.args])
            case ast.Tuple():
                raise ToolError(f"Unexpected “,”. {_NO_COMMAS}")
        raise ToolError("The expression is not arithmetic.")

    def _power(self, base: Decimal, exponent: Decimal) -> Decimal:
        value = self._context.power(base, exponent)
        if not value.is_finite():  # 0 ^ -1 raises no flag
            raise ToolError("The value is not defined.")
        return value


def _require_single(values: list[Decimal]) -> Decimal:
    if len(values) != 1:
        raise ToolError("This function takes one value.")
    return values[0]


def _require_positive(values: list[Decimal]) -> Decimal:
    value = _require_single(values)
    if value <= 0:  # for 0, Decimal would return -Infinity without an error
        raise ToolError("The value is not defined.")
    return value


def _divide(a: Decimal, b: Decimal) -> tuple[Decimal, Decimal]:
    """Return the quotient, rounded down, and the remainder, both exact."""
    if not b:
        raise ToolError("Division by zero.")
    context = _wide_context()
    # divmod rounds toward 0, and its remainder has the sign of `a`.
    quotient, remainder = context.divmod(a, b)
    if remainder and (remainder < 0) != (b < 0):
        return context.subtract(quotient, Decimal(1)), context.add(remainder, b)
    return quotient, remainder


def _round(values: list[Decimal], context: Context) -> Decimal:
    if len(values) > 2:
        raise ToolError("round takes a value and the number of decimals.")
    places = Decimal(0)
    if len(values) == 2:
        places = values[1]
    if not -DIGITS <= places <= DIGITS or places != int(places):
        raise ToolError(f"The number of decimals is a whole number, at most {DIGITS}.")
    # In another context, because requested rounding must not set the flag Inexact.
    step = Decimal(f"1e{-int(places)}")
    return context.plus(values[0].quantize(step, context=_wide_context()))
