"""The source of the built-in tools, with the calculator and the clock.

The calculator is exact: Python parses the expression, and `decimal` calculates. Digits and
exponents are bounded, so that no expression takes noticeably long.
"""

from __future__ import annotations

import ast
import asyncio
import operator
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.tools.tool import ListedTool, ToolContext, ToolDefinition, ToolError
from desktop_app.i18n.translation import N_


def arguments_schema(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with these properties, all of them required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def text_schema(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def optional_number_schema(description: str) -> dict[str, Any]:
    return {"type": ["integer", "null"], "description": description}


CALCULATOR: Final = ToolDefinition(
    "calculator",
    "Calculates exactly with decimal numbers, written with a point and without separators of "
    "thousands. Operators: + - * / // % (remainder) ^ and parentheses. Functions: abs, ceil, exp, "
    "floor, ln, log, max, min, round(value, decimals), sqrt, sum. Constants: pi, e. Use it for any "
    "arithmetic.",
    arguments_schema(expression=text_schema("For example: (1.05^10 - 1) * 2000")),
    touches=N_("Calculates with exact decimal numbers."),
    needs_consent=False,
)
DATE_TIME: Final = ToolDefinition(
    "date_time",
    "Returns the current date, time, weekday and calendar week.",
    arguments_schema(
        zone={
            "type": ["string", "null"],
            "description": "An IANA time zone such as Europe/Berlin; null for the user’s.",
        }
    ),
    touches=N_("Tells the date, the time, and the week."),
    needs_consent=False,
)

Run = Callable[[Mapping[str, Any], ToolContext], Awaitable[str]]


@dataclass(frozen=True)
class BuiltInTool:
    """A built-in tool: its definition and its code.

    Attributes:
        refusal: returns why the tool cannot be used on this computer; None if it can.
    """

    definition: ToolDefinition
    run: Run
    refusal: Callable[[], ErrorNote | None] = lambda: None


class BuiltInTools:
    """The source of the built-in tools.

    Args:
        other_tools: the tools that need stores or processes, which calculator and clock do not.
    """

    name = ""

    def __init__(self, other_tools: Sequence[BuiltInTool] = ()) -> None:
        basic = (BuiltInTool(CALCULATOR, _calculate), BuiltInTool(DATE_TIME, _current_time))
        self._tools = {tool.definition.name: tool for tool in (*basic, *other_tools)}

    async def prepare(self) -> None:
        """Do nothing: built-in tools are always ready."""

    async def tools(self) -> Sequence[ListedTool]:
        return [ListedTool(tool.definition, tool.refusal()) for tool in self._tools.values()]

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Run a call. Raises ToolError."""
        built_in_tool = self._tools.get(tool.name)
        if built_in_tool is None:
            raise ToolError("There is no such tool.")
        return await built_in_tool.run(arguments, context)


async def _calculate(arguments: Mapping[str, Any], _context: ToolContext) -> str:
    return await asyncio.to_thread(calculate, arguments["expression"])


async def _current_time(arguments: Mapping[str, Any], _context: ToolContext) -> str:
    return describe_time(arguments["zone"])


def describe_time(zone: str | None, now: datetime | None = None) -> str:
    """Return date, time, weekday and calendar week in a time zone, by default this computer's.

    Args:
        now: the time to describe; None for the current time, which tests replace.

    Raises:
        ToolError: there is no such zone.
    """
    now = now or datetime.now(UTC)
    try:
        local_time = now.astimezone(ZoneInfo(zone)) if zone else now.astimezone()
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ToolError("There is no such time zone. Use a name such as Europe/Berlin.") from exc
    year, week, _ = local_time.isocalendar()
    name = zone or local_time.tzname() or "local time"
    seconds = local_time.isoformat(timespec="seconds")
    return f"{seconds} ({name})\n{local_time:%A}, week {week} of {year}"


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
