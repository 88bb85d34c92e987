"""An exact calculator: decimal arithmetic with numbers, pi, e, + - * / // % ^ and a few functions.

Python parses the expression, and `decimal` calculates. Digits and exponents are bounded, so that no
expression takes noticeably long.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from decimal import (
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
    localcontext,
)
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
_UNKNOWN_CHARACTER: Final = re.compile(r"[^\w\s.+*/%^(),-]", re.ASCII)
_PERCENTAGE: Final = re.compile(r"%\s*(?:[-+*/%^),]|$)")
_PI: Final = Decimal(
    "3.14159265358979323846264338327950288419716939937510"
    "5820974944592307816406286208998628034825342117067982148"
)


def calculate(expression: str) -> str:
    """Return the value of an expression, exact or rounded to DIGITS digits.

    Raises:
        ToolError: the expression is not arithmetic, or its value is out of bounds.
    """
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise ToolError(f"The expression is longer than {MAX_EXPRESSION_CHARS} characters.")
    text = expression.replace("×", "*").replace("÷", "/").replace("−", "-")
    if unknown := _UNKNOWN_CHARACTER.search(text):
        raise ToolError(f"Unexpected “{unknown[0]}” at position {unknown.start() + 1}.")
    if _PERCENTAGE.search(text):  # as in 15% - 3
        raise ToolError(_NO_PERCENT)
    source = " ".join(text.split()).replace("^", "**")
    bounds = Context(
        prec=DIGITS,
        Emax=MAX_EXPONENT,
        Emin=-MAX_EXPONENT,
        traps=[DivisionByZero, InvalidOperation, Overflow, Underflow],
    )
    try:
        with localcontext(bounds) as context:
            value = _value(ast.parse(source, mode="eval").body, source)
            is_rounded = context.flags[Inexact]  # some step of the calculation was rounded
            result = _format(value)
    except SyntaxError as exc:
        raise ToolError(f"The expression is not arithmetic ({exc.msg}). {_NO_COMMAS}") from exc
    except (RecursionError, MemoryError) as exc:
        raise ToolError("The expression is nested too deeply.") from exc
    except DivisionByZero as exc:
        raise ToolError("Division by zero.") from exc
    except Overflow as exc:
        raise ToolError("The value is too large.") from exc
    except Underflow as exc:
        raise ToolError("The value is too small.") from exc
    except DecimalException as exc:
        raise ToolError("The value is not defined.") from exc
    return f"{result} (rounded to {DIGITS} digits)" if is_rounded else result


def _format(value: Decimal) -> str:
    if not value:
        return "0"
    normal = value.normalize()  # without zeros at the end
    exponent = normal.as_tuple().exponent
    is_short = isinstance(exponent, int) and -DIGITS <= exponent <= DIGITS
    return f"{normal:f}" if is_short else str(normal)  # else it would have many zeros


def _value(node: ast.expr, source: str) -> Decimal:
    """Return the value of a part of the expression."""
    # A long sum is deep on its left side only, which takes no recursion here.
    operations: list[ast.BinOp] = []
    while isinstance(node, ast.BinOp):
        operations.append(node)
        node = node.left
    value = _operand(node, source)
    for operation in reversed(operations):
        calculation = _OPERATORS.get(type(operation.op))
        if calculation is None:
            raise ToolError("The expression is not arithmetic.")
        value = calculation(value, _value(operation.right, source))
    if not value.is_finite():  # 0 ^ -1 and ln(0) raise no flag
        raise ToolError("The value is not defined.")
    return value


def _operand(node: ast.expr, source: str) -> Decimal:
    match node:
        case ast.UnaryOp(op=ast.UAdd()):
            return _value(node.operand, source)
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, source)
        case ast.Name(id="pi"):
            return +_PI  # sets the flag Inexact, because it rounds
        case ast.Name(id="e"):
            return Decimal(1).exp()
        case ast.Constant():
            # From the text, because Python has rounded the number.
            number = source[node.col_offset : node.end_col_offset]
            if len(number) > 1 and number.isdigit() and number[0] == "0":  # as in sum(1,000, 2)
                raise ToolError(f"Unexpected “{number}”. {_NO_COMMAS}")
            return +Decimal(number)
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if name not in _FUNCTIONS:
            known = ", ".join((*sorted(_FUNCTIONS), "pi", "e"))
            raise ToolError(f"“{name}” is unknown. Known: {known}.")
        case ast.Call(func=ast.Name(id=name)):
            try:
                return _FUNCTIONS[name](*(_value(each, source) for each in node.args))
            except (TypeError, ValueError) as exc:
                raise ToolError(f"{name} takes another number of values.") from exc
        case ast.Tuple():
            raise ToolError(f"Unexpected “,”. {_NO_COMMAS}")
    raise ToolError("The expression is not arithmetic.")


def _divide(a: Decimal, b: Decimal) -> tuple[Decimal, Decimal]:
    """Return the quotient, rounded down, and the remainder, both exact."""
    if not b:
        raise ToolError("Division by zero.")
    with localcontext(prec=_MAX_DIGITS):
        # divmod rounds toward 0, and its remainder has the sign of `a`.
        quotient, remainder = divmod(a, b)
        if remainder and (remainder < 0) != (b < 0):
            quotient, remainder = quotient - 1, remainder + b
    return quotient, remainder


def _round(value: Decimal, places: Decimal = Decimal(0)) -> Decimal:
    if not -DIGITS <= places <= DIGITS or places != int(places):
        raise ToolError(f"The number of decimals is a whole number, at most {DIGITS}.")
    # In another context, because requested rounding must not set the flag Inexact.
    with localcontext(prec=_MAX_DIGITS):
        rounded = value.quantize(Decimal(f"1e{-int(places)}"))
    return +rounded


_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: +_divide(a, b)[0],
    ast.Mod: lambda a, b: +_divide(a, b)[1],
    ast.Pow: operator.pow,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Decimal]]] = {
    "abs": lambda value: abs(value),
    "sqrt": lambda value: value.sqrt(),
    "exp": lambda value: value.exp(),
    "ln": lambda value: value.ln(),
    "log": lambda value: value.log10(),
    "floor": lambda value: +_divide(value, Decimal(1))[0],
    "ceil": lambda value: -_divide(-value, Decimal(1))[0],
    "round": _round,
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "sum": lambda *values: sum(values, Decimal(0)),
}
