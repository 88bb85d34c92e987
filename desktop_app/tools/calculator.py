"""An exact calculator: decimal arithmetic in a small language of its own.

The parser knows numbers, pi, e, + - * / // % ^, parentheses and a few functions; Python evaluates
nothing. Digits, exponents and nesting are bounded, so that no expression takes noticeably long.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
from typing import Final, NamedTuple

from desktop_app.domain.tools.tool import ToolError

MAX_EXPRESSION_CHARS: Final = 2000
DIGITS: Final = 100
MAX_EXPONENT: Final = 10_000
_MAX_DIGITS: Final = 2 * MAX_EXPONENT + DIGITS
"""The digits of the longest exact difference: that of the largest and the smallest value."""
_MAX_DEPTH: Final = 50
"""A level takes up to six calls of Python, which allows 1,000. The exact number is arbitrary."""
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


class _Token(NamedTuple):
    """A token; `kind` is the name of a group of _TOKEN_PATTERN."""

    kind: str
    text: str


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
        value = _Parser(_tokenize(expression), context).value()
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


def _tokenize(expression: str) -> list[_Token]:
    tokens: list[_Token] = []
    index = 0
    text = expression.replace("×", "*").replace("÷", "/").replace("−", "-").rstrip()
    while index < len(text):
        match = _TOKEN_PATTERN.match(text, index)
        if match is None or match.lastgroup is None:
            unexpected = text[index:].lstrip()
            position = len(text) - len(unexpected) + 1
            raise ToolError(f"Unexpected “{unexpected[:20].strip()}” at position {position}.")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        index = match.end()
    return tokens


class _Parser:
    """A parser by precedence: sums, products, signs, powers, atoms."""

    def __init__(self, tokens: list[_Token], context: Context) -> None:
        self._tokens = tokens
        self._context = context
        self._position = 0  # of the next token
        self._depth = 0

    def value(self) -> Decimal:
        """Return the value of the whole expression."""
        value = self._sum()
        if self._position < len(self._tokens):
            text = self._tokens[self._position].text
            if text == ",":
                raise ToolError(f"Unexpected “{text}”. {_NO_COMMAS}")
            raise ToolError(f"Unexpected “{text}”.")
        return value

    def _take_mark(self, *marks: str) -> str | None:
        """Consume the next token if it is one of `marks`, and return it."""
        if self._position == len(self._tokens):
            return None
        token = self._tokens[self._position]
        if token.kind != "mark" or token.text not in marks:
            return None
        self._position += 1
        return token.text

    def _enter_level(self) -> None:
        """Count a level of nesting, which the caller leaves later."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ToolError("The expression is nested too deeply.")

    def _sum(self) -> Decimal:
        self._enter_level()
        value = self._product()
        while mark := self._take_mark("+", "-"):
            term = self._product()
            if mark == "+":
                value = self._context.add(value, term)
            else:
                value = self._context.subtract(value, term)
        self._depth -= 1
        return value

    def _product(self) -> Decimal:
        value = self._sign()
        context = self._context
        operations: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
            "*": context.multiply,
            "/": context.divide,
            # `plus` rounds the exact results of `_divide` to DIGITS digits.
            "//": lambda a, b: context.plus(_divide(a, b)[0]),
            "%": lambda a, b: context.plus(_divide(a, b)[1]),
        }
        while mark := self._take_mark(*operations):
            if mark == "%" and not self._is_operand():  # as in 15% - 3
                raise ToolError(_NO_PERCENT)
            value = operations[mark](value, self._sign())
        return value

    def _sign(self) -> Decimal:
        is_negative = False
        while mark := self._take_mark("-", "+"):
            if mark == "-":
                is_negative = not is_negative
        value = self._power()
        return self._context.minus(value) if is_negative else value

    def _power(self) -> Decimal:
        base = self._atom()
        if not self._take_mark("^", "**"):
            return base
        self._enter_level()
        exponent = self._sign()  # another power may follow: 2^3^2 is 2^(3^2)
        self._depth -= 1
        value = self._context.power(base, exponent)
        if not value.is_finite():  # 0 ^ -1 raises no flag
            raise ToolError("The value is not defined.")
        return value

    def _atom(self) -> Decimal:
        if self._take_mark("("):
            value = self._sum()
            self._require_closing()
            return value
        if self._position >= len(self._tokens):
            raise ToolError("The expression ends too early.")
        kind, text = self._tokens[self._position]
        self._position += 1
        if kind == "number":
            if len(text) > 1 and text.isdigit() and text[0] == "0":  # as in sum(1,000, 2,000)
                raise ToolError(f"Unexpected “{text}”. {_NO_COMMAS}")
            return self._context.create_decimal(text.replace("_", ""))
        if kind == "name":
            return self._named_value(text)
        raise ToolError(f"Unexpected “{text}”.")

    def _is_operand(self) -> bool:
        """Return True if the next token begins a value without a sign."""
        if self._position == len(self._tokens):
            return False
        kind, text = self._tokens[self._position]
        return kind != "mark" or text == "("

    def _require_closing(self) -> None:
        if not self._take_mark(")"):
            raise ToolError("A parenthesis is not closed.")

    def _named_value(self, name: str) -> Decimal:
        if name == "pi":
            return self._context.plus(_PI)  # sets the flag Inexact, because it rounds
        if name == "e":
            return self._context.exp(Decimal(1))
        if not self._take_mark("("):
            raise ToolError(f"“{name}” is unknown. Known: {self._known_names}.")
        values = [self._sum()]
        while self._take_mark(","):
            values.append(self._sum())
        self._require_closing()
        function = self._functions.get(name)
        if function is None:
            raise ToolError(f"There is no function “{name}”. Known: {self._known_names}.")
        return function(values)

    @property
    def _known_names(self) -> str:
        return ", ".join((*sorted(self._functions), "pi", "e"))

    @property
    def _functions(self) -> dict[str, Callable[[list[Decimal]], Decimal]]:
        context = self._context
        return {
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
            "min": lambda v: min(v),
            "max": lambda v: max(v),
            "sum": lambda v: _sum_of(v, context),
        }


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


def _sum_of(values: list[Decimal], context: Context) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = context.add(total, value)
    return total
