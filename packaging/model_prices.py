#!/usr/bin/env python3
"""Writes resources/model_prices.json: what the models of each provider cost, and their windows.

    python packaging/model_prices.py [DAY]     with the Python of `ensure_tool model-prices`
    python packaging/model_prices.py --check   compares, and writes nothing

The data is that of genai-prices (MIT, by the makers of Pydantic), which
packaging/requirements/model-prices.in pins. To renew it: name a newer version there, run
`packaging/lock.sh`, then this script.

Why genai-prices, compared on 2026-11-29: it alone has prices above a size, of service tiers, of
batches, of cache writes, of sound and from a day on as data of one form, with patterns for dated
names and the address of each provider, in 0.2 MB (47 providers, 2,330 models up to GPT-6.1).
LiteLLM's list (1.110.2, 4,878 rows, MIT) has as much of OpenAI, but in 40 names of fields and a
package of 44 MB; models.dev (MIT) has no package, and its newest copy at hand is of July 2026.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from genai_prices import data_snapshot
from genai_prices.types import StartDateConstraint, TieredPrices, TimeOfDateConstraint

TARGET: Final = Path(__file__).parent.parent / "resources" / "model_prices.json"
# OpenRouter states its prices in its own list. The others have no API of OpenAI's form at their
# address, or are a second page of the same provider.
LEFT_OUT: Final = re.compile(
    r"openrouter|openai-decisions|cursor|elevenlabs|voyageai|huggingface_.*"
)
FIELDS: Final = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
    "characters": "input_mchars",
}
# Rows that are newer than genai-prices, by provider: names and patterns, the window, and the prices
# of input, output and cached input. Source: LiteLLM 1.110.2, compared on 2026-11-30.
NEWER: Final = {
    "mistral": (
        (("mistral-large-latest", "mistral-large-3"), "", 262144, (0.5, 1.5, 0.05)),
        (("mistral-medium", "magistral-medium-latest"), "", 262144, (1.5, 7.5, 0.15)),
        (("magistral-small-latest",), "", 262144, (0.15, 0.6, 0.015)),
        (("open-mistral-nemo",), "", 128000, (0.3, 0.3, 0.03)),
        (("devstral-latest", "devstral-medium-latest"), "", 256000, (0.4, 2, 0.04)),
        (("ministral-14b-latest", "ministral-3-14b-2512"), "", 262144, (0.2, 0.2, 0.02)),
        (("ministral-3b-latest", "ministral-3-3b-2512"), "", 131072, (0.1, 0.1, 0.01)),
        (("ministral-3-8b-2512",), "", 262144, (0.15, 0.15, 0.015)),
    ),
    "x-ai": (
        (("grok-code-fast", "grok-code-fast-1", "grok-code-fast-1-0825"), "", 256000, (1, 2, 0.2)),
        (("grok-build-latest",), "", 500000, (2, 6, 0.3)),
        ((), r"^grok\-4\.20", 1000000, (1.25, 2.5, 0.2)),
    ),
}
HOUR_S: Final = 3600
TIER_NAMES: Final = ("service_tier", "processing")


def main() -> None:
    arguments = sys.argv[1:]
    day = date.today().isoformat()  # noqa: DTZ011 — a label
    if "--check" in arguments:
        day = json.loads(TARGET.read_text("utf-8"))["date"]
    elif arguments:
        (day,) = arguments
    text = render(date.fromisoformat(day))
    if "--check" not in arguments:
        TARGET.write_text(text, "utf-8")
    elif text != TARGET.read_text("utf-8"):
        sys.exit("resources/model_prices.json is not what packaging/model_prices.py writes")


def render(day: date) -> str:
    """Return the file, with a line for each model."""
    source = {"source": f"genai-prices {version('genai-prices')}", "date": day.isoformat()}
    providers = []
    for provider in data_snapshot.get_snapshot().providers:
        if LEFT_OUT.fullmatch(provider.id):
            continue
        rows = [row for model in provider.models if (row := model_row(provider, model, day))]
        rows = with_newer(rows, NEWER.get(provider.id, ()))
        lines = ",\n".join(compact(row) for row in rows)
        head = {"id": provider.id, "address": provider.api_pattern}
        if provider.fallback_model_providers:
            head["fallback"] = provider.fallback_model_providers
        providers.append(f'{compact(head)[:-1]},"models":[\n{lines}\n]}}')
    return f'{compact(source)[:-1]},"providers":[\n' + ",\n".join(providers) + "\n]}\n"


def with_newer(rows: list[dict[str, Any]], newer: Any) -> list[dict[str, Any]]:
    """Return the rows with those of NEWER at the end, in place of the same names."""
    names = {name for ids, *_ in newer for name in ids}
    kept = []
    for row in rows:
        ids = [name for name in row.get("ids", ()) if name not in names]
        if ids or "pattern" in row:
            named = {"ids": ids} if ids else {}
            kept.append({**named, **{key: row[key] for key in row if key != "ids"}})
    for ids, pattern, window, (price, answer, cached) in newer:
        named = {"ids": list(ids)} if ids else {"pattern": pattern}
        amounts = {"input": price, "output": answer, "cached_input": cached}
        kept.append({**named, "window": window, "prices": [{"price": amounts}]})
    return kept


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def model_row(provider: Any, model: Any, day: date) -> dict[str, Any] | None:
    """Return the row of a model; None if the product cannot count its price."""
    prices = dated_prices(model, day)
    if not prices:
        return None
    ids, patterns = clauses(model.match)
    # The first model that matches a name is meant.
    ids = [name for name in ids if provider.find_model(name) is model]
    row: dict[str, Any] = {"ids": ids} if ids else {}
    if patterns:
        row["pattern"] = "|".join(patterns)
    if model.context_window:
        row["window"] = model.context_window
    return {**row, "prices": prices}


def clauses(match: Any) -> tuple[list[str], list[str]]:
    """Return the names that a model has, and regular expressions for others."""
    kind = type(match).__name__.removeprefix("Clause")
    if kind == "Equals":
        return [match.equals.lower()], []
    if kind == "Or":
        found = [clauses(each) for each in match.or_]
        return [i for ids, _ in found for i in ids], [p for _, patterns in found for p in patterns]
    return [], [regex(match)]


def regex(match: Any) -> str:
    kind = type(match).__name__.removeprefix("Clause")
    if kind == "And":
        return "^" + "".join(f"(?=.*?{regex(each)})" for each in match.and_)
    if kind == "Or":
        return "(?:" + "|".join(map(regex, match.or_)) + ")"
    if kind == "Regex":
        return f"(?:{match.regex})"
    text = re.escape(getattr(match, re.sub(r"(?<!^)([A-Z])", r"_\1", kind).lower()).lower())
    return {"Equals": f"^{text}$", "StartsWith": f"^{text}", "EndsWith": f"{text}$"}.get(kind, text)


def dated_prices(model: Any, day: date) -> list[dict[str, Any]]:
    """Return the present price and those that are to follow, each with the day it begins."""
    versions: list[tuple[date, Any]] = []
    at_hours: list[Any] = []
    if isinstance(model.prices, list):
        for each in model.prices:
            if isinstance(each.constraint, TimeOfDateConstraint):
                at_hours.append(each.prices)
            else:
                versions.append((start_of(each.constraint), each.prices))
    else:
        versions = [(date.min, model.prices)]
    past = [each for each in versions if each[0] <= day]
    rows = []
    for start, prices in past[-1:] + [each for each in versions if each[0] > day]:
        # What is cheaper at some hours is counted as at the others.
        price = max(
            (found for each in (prices, *at_hours) if (found := price_of(each))),
            key=lambda found: (found.get("input", 0), found.get("output", 0)),
            default=None,
        )
        if price is None:
            return []
        row = {"price": price}
        if start > day:
            row["from"] = start.isoformat()
        if tiers := tiers_of(model, prices, price, day, start):
            row["tiers"] = tiers
        rows.append(row)
    return rows


def start_of(constraint: Any) -> date:
    assert constraint is None or isinstance(constraint, StartDateConstraint), constraint
    return date.min if constraint is None else constraint.start_date


def price_of(prices: Any) -> dict[str, Any] | None:
    """Return a price; None without prices of input and output, of sound or of characters.

    That of sound is of a million seconds: like the others, it is of a million units.
    """
    parts = {name: part for name, field in FIELDS.items()
             if (part := getattr(prices, field, None)) is not None}  # fmt: skip
    if not {"input", "output"} <= parts.keys():
        hour = getattr(prices, "input_audio_hours", None)
        if hour is not None:
            return {"audio_seconds": number(round(hour * 1_000_000 / HOUR_S, 4))}
        return {"characters": number(parts["characters"])} if "characters" in parts else None
    starts = sorted({tier.start for part in parts.values() if isinstance(part, TieredPrices)
                     for tier in part.tiers})  # fmt: skip
    levels = [{name: number(amount_at(part, start + 1)) for name, part in parts.items()}
              for start in (0, *starts)]  # fmt: skip
    for (lower, higher), start in reversed(list(zip(pairwise(levels), starts, strict=True))):
        lower["long"] = {"above": start, **higher}
    return levels[0]


def amount_at(part: Any, tokens: int) -> Decimal:
    if not isinstance(part, TieredPrices):
        return part
    reached = [tier.price for tier in part.tiers if tokens > tier.start]
    return reached[-1] if reached else part.base


def number(amount: Decimal) -> float | int:
    """Return a number that JSON writes with the same digits."""
    value = int(amount) if amount == int(amount) else float(amount)
    assert Decimal(str(value)) == amount
    return value


def tiers_of(
    model: Any, prices: Any, price: dict[str, Any], day: date, start: date
) -> dict[str, Any]:
    """Return the multiple, or the price, of each service tier, and of "batch".

    For a price that is to follow, at `start`, those that begin with it.
    """
    tiers: dict[str, Any] = {}
    for variant in model.price_variants or ():
        ((context, tier),) = variant.when.items()
        since = start_of(variant.constraint)
        is_meant = since == start if start > day else since <= day
        if context not in TIER_NAMES or tier == "default" or not is_meant:
            continue
        merged = type(prices)(**{**fields_of(prices), **fields_of(variant.prices)})
        if found := price_of(merged):
            tiers[tier] = multiple_of(price, found) or found
    return tiers


def fields_of(prices: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(prices).items() if value is not None}


def multiple_of(price: dict[str, Any], other: dict[str, Any]) -> float | int | None:
    """Return the number by which `other` is a multiple of the price in every part, if there is."""
    pairs = list(amounts(price, other))
    if price.keys() != other.keys() or not price.get("input"):
        return None
    ratio = Decimal(str(other["input"])) / Decimal(str(price["input"]))
    same = all(Decimal(str(a)) * ratio == Decimal(str(b)) for a, b in pairs)
    # A third, for instance, has no exact decimal form.
    return number(ratio) if same and len(ratio.as_tuple().digits) < 8 else None


def amounts(price: dict[str, Any], other: dict[str, Any]) -> Any:
    for name in price.keys() & other.keys():
        if name == "long":
            if price["long"]["above"] != other["long"]["above"]:
                yield 1, -1
            yield from amounts(
                {k: v for k, v in price["long"].items() if k != "above"},
                {k: v for k, v in other["long"].items() if k != "above"},
            )
        else:
            yield price[name], other[name]


if __name__ == "__main__":
    main()
