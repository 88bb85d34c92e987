"""Reads files of model facts: the program's own, a release's, and the user's `models.toml`.

A wrong value costs that value, and a sentence: the rest of the file counts.

`packaging/model_facts.py` writes the file of a release. It stands in for the program's own files
until a version with newer ones is installed. The user's `models.toml` extends it in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec

from desktop_app.domain.cost import FREE, LongPrice, Price
from desktop_app.domain.errors import SettingError
from desktop_app.domain.models.model_catalog import FileInputs, ModelCatalog, ModelInfo
from desktop_app.domain.models.price_list import PriceList
from desktop_app.domain.models.token_counts import image_tokens_from_row
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import N_

_IGNORED_VALUE: Final = N_("{file} has a wrong value, which is ignored: {words}.")
_IGNORED_FILE: Final = N_("{file} isn’t valid, and is ignored: {words}.")
_CORRECT_FILE: Final = N_("Correct {file} or remove it.")
_NO_FACTS: Final = ("id", "price_is_final")
"""The fields of `ModelInfo` that no file states."""


class CatalogFile(NamedTuple):
    """The facts of a file, their day, and a sentence for each of its values that is ignored."""

    models: Mapping[str, Mapping[str, Any]] = {}
    small_jobs: Mapping[str, Mapping[str, Any]] = {}
    file_inputs: Mapping[str, FileInputs] = {}
    embeddings: Mapping[str, Price] = {}
    hosted_tools: Mapping[str, Decimal] = {}
    not_chat: tuple[str, ...] = ()
    day: date | None = None
    problems: tuple[SettingError, ...] = ()


def read_catalog_file(text: str, name: str) -> CatalogFile:
    """Return the facts in a TOML text.

    Args:
        name: of the file, for the sentences about its wrong values.
    """
    import tomllib

    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return CatalogFile(problems=(ignored_file(name, str(error)),))
    return _FileReader(name).read(tables)


def ignored_file(name: str, words: str) -> SettingError:
    """Return the sentence about a file that cannot be read at all."""
    return _note(_IGNORED_FILE, name, words)


def _note(message: str, file: str, words: str) -> SettingError:
    return SettingError(message, hint=_CORRECT_FILE, file=file, words=words)


class _FileReader:
    """Reader of one file, which notes each value that it leaves out."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._problems: list[SettingError] = []

    def read(self, tables: Mapping[str, Any]) -> CatalogFile:
        known = CatalogFile._fields[:-1]
        for name in tables:
            self._value(partial(_require_known, name, known, "the file"))
        not_chat = self._value(lambda: _parse_names(tables.get("not_chat", []), "not_chat"))
        return CatalogFile(
            {
                id_: self._facts(row, id_, _model_parsers())
                for id_, row in self._rows(tables, "models")
            },
            {
                job: self._facts(row, f"small_jobs.{job}", _JOB_PARSERS)
                for job, row in self._rows(tables, "small_jobs")
            },
            dict(self._values(tables, "file_inputs", _file_inputs_from_row)),
            # The output of an embedding model, a vector, costs nothing.
            dict(self._values(tables, "embeddings", lambda usd: Price(_amount(usd), Decimal(0)))),
            dict(self._values(tables, "hosted_tools", _amount)),
            tuple(not_chat or ()),
            self._value(partial(_located, "day", _parse_day, tables.get("day"))),
            tuple(self._problems),
        )

    def _rows(self, tables: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
        table = tables.get(name, {})
        if isinstance(table, dict):
            yield from table.items()
        else:
            self._value(partial(_refuse, f"“{name}” is not a table"))

    def _values(
        self, tables: Mapping[str, Any], table: str, parse: Callable[[Any], Any]
    ) -> Iterator[tuple[str, Any]]:
        for key, value in self._rows(tables, table):
            parsed = self._value(partial(_located, f"{table}.{key}", parse, value))
            if parsed is not None:
                yield key, parsed

    def _facts(
        self, row: Any, owner: str, parsers: Mapping[str, Callable[[Any], Any]]
    ) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if not isinstance(row, dict):
            self._value(partial(_refuse, f"“{owner}” is not a table"))
            return facts
        for name, value in row.items():
            parse = parsers.get(name)
            if parse is None:
                self._value(partial(_require_known, name, parsers, owner))
                continue
            parsed = self._value(partial(_located, f"{name} of {owner}", parse, value))
            if parsed is not None:
                facts[name] = parsed
        return facts

    def _value(self, parse: Callable[[], Any]) -> Any:
        """Return what `parse` returns; None, with a note, if the value is wrong."""
        try:
            return parse()
        except ValueError as error:
            self._problems.append(_note(_IGNORED_VALUE, self._name, str(error)))
            return None


def _refuse(words: str) -> None:
    raise ValueError(words)


def _located(location: str, parse: Callable[[Any], Any], value: Any) -> Any:
    """Return a parsed value. Raises ValueError, with words that name the location."""
    try:
        return parse(value)
    except (ValueError, msgspec.ValidationError) as error:
        raise ValueError(f"{location}: {error}") from error
    except (TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"{location}: it has another form ({error!r})") from error


def _require_known(name: str, known_names: Collection[str], location: str) -> None:
    """Raise ValueError for an unknown name, because it may be a typing error."""
    if name not in known_names:
        from difflib import get_close_matches

        close_names = get_close_matches(name, known_names, 1)
        hint = f"; “{close_names[0]}” is meant, perhaps" if close_names else ""
        raise ValueError(f"“{name}” in {location} is not known{hint}")


def _parse_day(value: object) -> date | None:
    return msgspec.convert(value, date | None)


def _parse_names(values: object, name: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} is a list of names")
    return [value.casefold() for value in values]


def _tokens(value: Any) -> int:
    tokens = msgspec.convert(value, int)
    if tokens <= 0:
        raise ValueError("it is not a number of tokens")
    return tokens


def _amount(value: object) -> Decimal:
    """Return a finite number that is not negative. Raises ValueError."""
    try:
        amount = Decimal("nan") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{value!r} is not an amount")
    return amount


def price_from_row(row: Mapping[str, Any] | str) -> Price:
    """Return the price in a row of a file. Raises ValueError, KeyError."""
    if row == "free":
        return FREE
    if not isinstance(row, dict):
        raise ValueError(f"{row!r} is neither a table nor 'free'")
    for name in row:
        _require_known(name, Price._fields, "a price")
    long = row.get("long")
    if long is not None:
        limit = _tokens(long["above"])
        price = price_from_row({name: value for name, value in long.items() if name != "above"})
        long = LongPrice(limit, price)
    amounts = {name: _amount(value) for name, value in row.items() if name != "long"}
    return Price(amounts.pop("input"), amounts.pop("output"), **amounts, long=long)


def _hosted_tools(value: Any) -> tuple[str, ...]:
    return tuple(_parse_names(value, "it"))


def _price_tiers(row: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    return tuple((tier, _amount(multiple)) for tier, multiple in row.items())


def _usual_seconds(row: Mapping[str, Any]) -> tuple[tuple[Effort, float], ...]:
    return tuple((Effort(effort), float(_amount(seconds))) for effort, seconds in row.items())


def _file_inputs_from_row(row: Mapping[str, Any]) -> FileInputs:
    for name in row:
        _require_known(name, ("each_mb", "together_mb", "types"), "file_inputs")
    each_mb = row["each_mb"]
    together_mb = row["together_mb"]
    if any(type(size) is not int or size <= 0 for size in (each_mb, together_mb)):
        raise ValueError("each_mb and together_mb are numbers of megabytes")
    types = _parse_names(row["types"], "types")
    return FileInputs(each_mb << 20, together_mb << 20, tuple(types))


def _efforts(value: Any) -> tuple[Effort, ...]:
    """Return efforts, least first."""
    return tuple(sorted(msgspec.convert(value, tuple[Effort, ...]), key=lambda each: each.rank))


_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "efforts": _efforts,
    "context_window": _tokens,
    "max_input": _tokens,
    "max_output": _tokens,
    "hosted_tools": _hosted_tools,
    "image_tokens": image_tokens_from_row,
    "price": price_from_row,
    "price_tiers": _price_tiers,
    "usual_seconds": _usual_seconds,
}
"""The facts whose form in a file differs from that in `ModelInfo`."""


@cache
def _model_parsers() -> Mapping[str, Callable[[Any], Any]]:
    types = get_type_hints(ModelInfo)
    return {
        name: _PARSERS.get(name) or partial(_convert, types[name])
        for name in types
        if name not in _NO_FACTS
    }


def _convert(type_: Any, value: Any) -> Any:
    return msgspec.convert(value, type_)


_JOB_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "models": partial(_convert, tuple[str, ...]),
    "effort": Effort,
}


_NAME: Final = "model_facts.json"


class _Facts(msgspec.Struct):
    date: date
    models: str
    prices: msgspec.Raw


class RenewedFacts(msgspec.Struct, frozen=True):
    """The facts of a file: what the program's own `models.toml` and list of prices say."""

    day: date
    models: CatalogFile
    prices: PriceList


def read_facts(data: bytes) -> RenewedFacts:
    """Return the facts in a file. Raises ValueError if they cannot stand in for the program's."""
    try:
        facts = msgspec.json.decode(data, type=_Facts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error
    # A newer version may know facts that this one does not; they are no errors of the user's.
    models = read_catalog_file(facts.models, _NAME)._replace(problems=())
    prices = PriceList.checked(bytes(facts.prices))
    variants = {info.variant for info in ModelCatalog.from_files([models])}
    if not variants >= set(Variant):
        raise ValueError("a variant has no model")
    return RenewedFacts(facts.date, models, prices)
