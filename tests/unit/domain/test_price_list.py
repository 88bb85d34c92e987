"""The shipped list of prices: one line for each model of many providers."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.domain.cost import FREE, CallUsage, Price, cost_of
from desktop_app.domain.models.price_list import PriceList
from desktop_app.paths import resource_path
from tests.helpers.catalogs import PRICES, shipped_catalog

ROOT = Path(__file__).parents[3]
DAY = date(2026, 11, 29)
SMALL = b"""{"source": "x 1", "date": "2026-11-29", "providers": [
    {"id": "a", "address": "https://a\\\\.example", "fallback": ["b"], "models": [
        {"ids": ["exact-m"], "prices": [{"price": {"input": 1, "output": 2}}]},
        {"pattern": "^ex", "window": 9, "prices": [
            {"price": {"input": 0.1, "output": 2},
                "tiers": {"batch": 0.5, "fast": {"input": 3, "output": 4}}},
            {"price": {"input": 5, "output": 6}, "from": "2027-01-01"}]}]},
    {"id": "b", "address": "https://b", "models": [
        {"ids": ["other"], "prices": [{"price": {"input": 7, "output": 8}}]}]}]}"""


def test_the_file_is_of_the_pinned_package() -> None:
    pins = (ROOT / "packaging/requirements/model-prices.txt").read_text("utf-8")
    (pinned,) = re.findall(r"^genai-prices==(\S+)", pins, re.M)
    assert PRICES.source == f"genai-prices {pinned}"
    assert date(2026, 11, 1) < PRICES.day


def test_the_file_is_what_the_pinned_package_gives() -> None:
    python = ROOT / "build/model-prices-tool/bin/python"
    if not python.exists():
        pytest.skip("needs `ensure_tool model-prices`")
    subprocess.run([python, ROOT / "packaging/model_prices.py", "--check"], check=True)


def test_the_file_can_be_read_to_its_end() -> None:
    data = resource_path("model_prices.json").read_bytes()
    assert PriceList.checked(data).source == PRICES.source
    assert len(data) < 200_000


def test_a_long_prompt_with_cache_writes_costs_what_the_makers_of_the_list_compute() -> None:
    sol = PRICES.find("openai", "gpt-6.1-sol", DAY)
    assert sol is not None
    usage = CallUsage(300_000, 100_000, 1_000, cache_write_tokens=200_000)
    assert sol.price.cost(usage) == Decimal("1.035")
    assert dict(sol.tiers)["batch"] == Decimal("0.5")
    assert sol.window == 1_050_000


@pytest.mark.parametrize(
    ("model", "day", "price"),
    [
        ("exact-m", DAY, (1, 2)),  # a name counts before a pattern
        ("EXTRA", DAY, ("0.1", 2)),
        ("extra", date(2026, 12, 31), ("0.1", 2)),
        ("extra", date(2027, 1, 1), (5, 6)),
        ("other", DAY, (7, 8)),  # of the provider that it names
        ("more", DAY, None),
    ],
)
def test_a_price_is_that_of_the_name_and_the_day(
    model: str, day: date, price: tuple[object, object] | None
) -> None:
    found = PriceList(lambda: SMALL).find("a", model, day)
    expected = None if price is None else Price(*(Decimal(str(each)) for each in price))
    assert (found and found.price) == expected


def test_a_tier_has_a_multiple_or_a_price() -> None:
    found = PriceList(lambda: SMALL).find("a", "extra", DAY)
    assert found is not None
    tiers = {"batch": Decimal("0.5"), "fast": Price(Decimal(3), Decimal(4))}
    assert (dict(found.tiers), found.window) == (tiers, 9)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{}", b"[]", b"\xff", SMALL[:-2], SMALL.replace(b"^ex", b"^ex(")),
        *(SMALL.replace(b'"input": 7', b'"input": "x"'), SMALL.replace(b"2027-01-01", b"soon")),
    ],
)
def test_a_damaged_list_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        PriceList.checked(data)


@pytest.mark.parametrize(
    ("address", "model", "price"),
    [
        ("", "gpt-5.2", "1.75"),
        ("https://api.openai.com/v1", "gpt-4o", "2.5"),
        # A server that nobody knows may call any model by a name of OpenAI's.
        ("http://127.0.0.1:1/v1", "gpt-3.5-turbo", None),
        ("http://127.0.0.1:1/v1", "gpt-5.2", "1.75"),
        ("https://api.deepseek.com", "deepseek-v4-pro", "1.32"),
        ("https://me.openai.azure.com/openai/v1", "gpt-6.1-sol", "2"),
        ("https://api.openai.com/v1", "own-row", "3"),
    ],
)
def test_the_price_is_that_of_the_servers_address(
    address: str, model: str, price: str | None
) -> None:
    catalog = shipped_catalog('[models.own-row]\nprice = { input = "3", output = "4" }')
    found = catalog.info(model, address).price
    assert (found and found.input) == (None if price is None else Decimal(price))


def test_a_free_model_stays_free() -> None:
    assert shipped_catalog().info("smollm2-135m-instruct").price == FREE


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        ("gpt-transcribe", CallUsage(audio_seconds=60.0), "0.0045"),
        ("whisper-1", CallUsage(audio_seconds=60.0), "0.006"),
        ("gpt-4o-transcribe-diarize", CallUsage(600, audio_input_tokens=600), "0.0036"),
        ("gpt-4o-mini-transcribe-2025-12-15", CallUsage(600, audio_input_tokens=600), "0.0018"),
        ("gpt-4o-mini-tts-2025-12-15", CallUsage(output_tokens=1250), "0.015"),
        ("tts-1", CallUsage(characters=1000), "0.015"),
        ("tts-1-hd-1106", CallUsage(characters=1000), "0.03"),
    ],
)
def test_models_that_hear_and_speak_cost_what_openai_publishes(
    model: str, usage: CallUsage, dollars: str
) -> None:
    price = shipped_catalog().info(model, "https://api.openai.com/v1").price
    assert price is not None
    assert cost_of(price, usage) == Decimal(dollars)
    assert (cost_of(price, CallUsage(1000, output_tokens=10)) is None) != price.is_by_tokens
    assert price.times(Decimal(2)).cost(usage) == 2 * Decimal(dollars)
