"""Whether what was read has the types that it is declared with: files are changed by hand, too."""

from __future__ import annotations

from typing import Any, TypeVar, get_origin, get_type_hints

T = TypeVar("T")


def typed(value: T) -> T:
    """`value`, whose fields have the types that they are declared with. Raises TypeError."""
    hints = get_type_hints(type(value))
    for name, declared in hints.items():
        if not _is_a(getattr(value, name), tuple if get_origin(declared) is tuple else declared):
            raise TypeError(f"{name} is no {declared}")
    return value


def _is_a(value: object, declared: Any) -> bool:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False  # no store holds it
    # A float without decimals may have been written as an integer.
    return isinstance(value, declared) or (isinstance(value, int) and isinstance(0.0, declared))
