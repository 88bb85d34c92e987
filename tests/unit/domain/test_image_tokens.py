"""The rules for scaling and charging images, checked with the published examples."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.token_counts import (
    DETAILS,
    ImageTokens,
    PatchTokens,
    Size,
    TileTokens,
    image_tokens,
    image_tokens_from_row,
    sent_size,
)
from tests.helpers.catalogs import shipped_catalog

GPT_4O = TileTokens(85, 170)
GPT_5 = TileTokens(70, 140)
GPT_4_1 = PatchTokens(Decimal(1))
GPT_5_2 = PatchTokens(Decimal("1.2"), is_exact=False)

sides = st.integers(1, 20_000)
sizes = st.tuples(sides, sides)
details = st.sampled_from(DETAILS)
rules = st.sampled_from([GPT_4O, GPT_5, GPT_4_1, GPT_5_2, None])


@pytest.mark.parametrize(
    ("rule", "size", "detail", "sent", "tokens"),
    [
        # The examples of OpenAI's guide.
        (GPT_4O, (1024, 1024), "high", (768, 768), 765),
        (GPT_4O, (2048, 4096), "high", (768, 1536), 1105),
        (GPT_4O, (4096, 8192), "low", (256, 512), 85),
        (GPT_4_1, (1024, 1024), "high", (1024, 1024), 1024),
        (GPT_4_1, (1800, 2400), "high", (1056, 1408), 1452),
        # Exactly as many patches as allowed, and one row or column more.
        (GPT_4_1, (1536, 1024), "high", (1536, 1024), 1536),
        (GPT_4_1, (1536, 1025), "high", (1504, 1004), 1504),
        (GPT_4_1, (1696, 928), "high", (1638, 896), 1456),
        # Exactly a tile, and a pixel more.
        (GPT_4O, (512, 512), "high", (512, 512), 255),
        (GPT_4O, (513, 512), "high", (513, 512), 425),
        # What developers were billed, less the words of the question.
        (GPT_4O, (128, 64), "high", (128, 64), 255),
        (GPT_5_2, (256, 256), "auto", (256, 256), 77),
        (GPT_5_2, (1280, 720), "auto", (1280, 720), 1104),
        (GPT_5_2, (2048, 768), "auto", (2048, 768), 1844),
        (GPT_5, (1024, 1024), "auto", (768, 768), 630),
        (GPT_5_2, (4000, 3000), "low", (512, 384), 231),
    ],
)
def test_images_are_scaled_and_charged_as_published(
    rule: ImageTokens, size: Size, detail: str, sent: Size, tokens: int
) -> None:
    assert sent_size(size, detail, rule) == sent
    assert image_tokens(size, detail, rule) == (tokens, rule is not GPT_5_2)


@given(sizes, details, rules)
def test_an_image_is_never_scaled_up_and_keeps_its_shape(
    size: Size, detail: str, rule: ImageTokens | None
) -> None:
    width, height = sent_size(size, detail, rule)
    assert 1 <= width <= size[0]
    assert 1 <= height <= size[1]
    assert max(width, height) <= (512 if detail == "low" else 2048)
    # Each side is what the other's ratio makes of it, to the pixel that rounding may take.
    ratios = (width / size[0], height / size[1])
    assert abs(ratios[0] - ratios[1]) <= 1 / min(size) + 1e-9
    if isinstance(rule, TileTokens):
        assert min(width, height) <= 768
    if isinstance(rule, PatchTokens):
        assert ceil(width / 32) * ceil(height / 32) <= rule.patches


@given(sizes, details, rules)
def test_a_scaled_image_is_not_scaled_again_and_costs_the_same(
    size: Size, detail: str, rule: ImageTokens | None
) -> None:
    sent = sent_size(size, detail, rule)
    assert sent_size(sent, detail, rule) == sent
    assert image_tokens(sent, detail, rule) == image_tokens(size, detail, rule)


@given(sizes, rules)
def test_low_detail_never_costs_more(size: Size, rule: ImageTokens | None) -> None:
    assert image_tokens(size, "low", rule)[0] <= image_tokens(size, "high", rule)[0]
    assert image_tokens(size, "auto", rule) == image_tokens(size, "high", rule)


def test_the_image_tokens_of_an_unknown_model_are_estimated() -> None:
    assert image_tokens((1024, 1024), "auto", None) == (765, False)
    sent = [sent_size((4000, 3000), detail, None) for detail in ("low", "auto", "high")]
    assert sent == [(512, 384), (2048, 1536), (2048, 1536)]


def test_the_catalog_has_rules_only_for_models_that_see_images() -> None:
    catalog = shipped_catalog()
    for model in catalog:
        assert model.image_tokens is None or model.sees_images
    own = "[models.own]\nimage_tokens = { base = 70, tile = 140 }"
    assert ModelCatalog.from_toml(own).info("own").image_tokens == GPT_5
    wrong = ModelCatalog.from_toml("[models.own]\nimage_tokens = { patches = 3 }")
    assert (wrong.info("own").image_tokens, len(wrong.problems)) == (None, 1)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (None, None),
        ({"multiplier": "1.2", "patches": 1}, PatchTokens(Decimal("1.2"), 1)),
        ({"multiplier": 0, "exact": False}, PatchTokens(Decimal(0), 1536, is_exact=False)),
        ({"base": 0, "tile": 0}, TileTokens(0, 0)),
        ({"multiplier": "1.2", "patches": 0}, ValueError),
        ({"multiplier": "-0.1"}, ValueError),
        ({"base": -1, "tile": 0}, ValueError),
        ({"base": 0, "tile": -1}, ValueError),
    ],
)
def test_a_rule_of_the_catalog_is_read_or_refused(
    row: dict[str, object] | None, rule: ImageTokens | type[ValueError] | None
) -> None:
    if rule is ValueError:
        with pytest.raises(ValueError, match="image_tokens"):
            image_tokens_from_row(row)
    else:
        assert image_tokens_from_row(row) == rule
