"""The model catalog: the known models, and the rules that follow from their data."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.cost import FREE, LongPrice, Price
from desktop_app.domain.models.model_catalog import Api, FileInputs, ModelCatalog, ModelInfo
from desktop_app.domain.models.variants import Effort, Variant
from tests.helpers.catalogs import shipped_catalog

CATALOG = shipped_catalog()


def test_the_shipped_catalog_has_the_family() -> None:
    thinking, instant, pro = (
        CATALOG.for_variant(variant) for variant in (Variant.THINKING, Variant.INSTANT, Variant.PRO)
    )
    assert (thinking.id, instant.id, pro.id) == ("gpt-5.2", "gpt-5.2-chat-latest", "gpt-5.2-pro")
    assert thinking.efforts == (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
    assert thinking.default_effort is Effort.NONE
    assert instant.efforts == (Effort.MEDIUM,)
    assert pro.efforts == (Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
    assert pro.apis == (Api.RESPONSES,)
    assert thinking.input_limit == 272_000
    assert instant.input_limit == 128_000
    assert thinking.price == Price(Decimal("1.75"), Decimal(14), Decimal("0.175"))
    assert instant.shutdown == date(2026, 8, 10)
    assert CATALOG.info("smollm2-135m-instruct").price == FREE


def test_the_price_of_a_tier_is_known_if_the_catalog_has_it() -> None:
    thinking, newer = CATALOG.info("gpt-5.2"), CATALOG.info("gpt-5.4")
    assert thinking.price_at("priority") == Price(Decimal("3.50"), Decimal(28), Decimal("0.350"))
    for ordinary in (None, "", "auto", "default"):
        assert thinking.price_at(ordinary) == thinking.price
    assert thinking.price_at("flex") == thinking.price.times(Decimal("0.5"))
    assert thinking.price_at("ultrafast") is None
    # OpenAI rounds the price of cached input.
    assert newer.price_at("batch").cached_input == Decimal("0.13")
    assert CATALOG.info("gpt-5.2-pro").price_at("batch") == Price(Decimal("10.5"), Decimal(84))
    assert CATALOG.info("smollm2-135m-instruct").price_at("flex") == FREE
    assert CATALOG.info("unknown").price_at("flex") is None
    assert thinking.counted_price_at("ultrafast") == thinking.price
    assert thinking.counted_price_at("priority") == thinking.price_at("priority")


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-5.2-2025-12-11", "gpt-5.2"),
        ("gpt-5.2-pro-2025-12-11", "gpt-5.2-pro"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("ft:gpt-5.2-2025-12-11:acme::B1", "gpt-5.2"),
        ("ft:gpt-5.2", "gpt-5.2"),
    ],
)
def test_a_snapshot_or_fine_tuned_model_inherits_its_family(model: str, family: str) -> None:
    info, known = CATALOG.info(model), CATALOG.info(family)
    assert (info.id, info.name, info.variant) == (model, model, None)
    assert (info.price, info.efforts) == (known.price, known.efforts)
    assert (info.input_limit, info.apis) == (known.input_limit, known.apis)
    assert CATALOG.knows(model)


@pytest.mark.parametrize("model", ["gpt-9-2025-12-11", "ft:gpt-9:acme::1", "gpt-5.2-preview"])
def test_models_of_other_families_inherit_nothing(model: str) -> None:
    assert CATALOG.info(model) == ModelInfo(model, model)


@pytest.mark.parametrize("name", ["openai/gpt-5.2-pro", "azure/gpt-5.2-pro-2025-12-11"])
def test_a_model_that_a_gateway_names_with_its_provider_inherits_all_but_its_api(name: str) -> None:
    found, family = CATALOG.info(name), CATALOG.info("gpt-5.2-pro")
    assert (found.price, found.efforts) == (family.price, family.efforts)
    assert (found.id, found.apis) == (name, None)
    assert CATALOG.info(f"elsewhere/{name}").price is None


def test_a_snapshots_own_row_adds_to_its_family() -> None:
    own = '[models."ft:gpt-5.2:acme::1"]\nprice = { input = "3", output = "12" }'
    info = shipped_catalog(own).info("ft:gpt-5.2:acme::1")
    assert info.price == Price(Decimal(3), Decimal(12))
    assert info.efforts == CATALOG.info("gpt-5.2").efforts


def test_unknown_features_are_neither_hidden_nor_refused() -> None:
    info = CATALOG.info("new-model")
    assert info == ModelInfo("new-model", "new-model")
    assert not CATALOG.knows("new-model")
    assert ModelCatalog([]).hosted_tools == {}
    assert ModelCatalog([info], hosted_tools={"web_search": Decimal(1)}).hosted_tools
    assert all(info.effort_refusal(effort) is None for effort in Effort)
    assert info.takes_sampling(Effort.HIGH)
    assert info.nearest_effort(Effort.XHIGH) is Effort.XHIGH
    assert info.input_limit is None
    assert not info.has_efforts


def test_the_users_file_extends_and_overrides_single_fields() -> None:
    catalog = shipped_catalog(
        '[models."gpt-5.2"]\nmax_input = 100\nprice = "free"\n[models.mine]\nefforts = ["low"]'
    )
    assert catalog.info("gpt-5.2").max_input == 100
    assert catalog.info("gpt-5.2").price == FREE
    assert catalog.info("gpt-5.2").efforts == CATALOG.info("gpt-5.2").efforts
    assert catalog.info("mine").efforts == (Effort.LOW,)
    assert [model.id for model in catalog][-1] == "mine"


WRONG_VALUES = (
    'models.x.efforts = ["very high"]',
    'models.x.price = "cheap"',
    'models.x.price = { input = "a lot", output = "1" }',
    'models.x.price = { input = "2", output = "4", cached = "1" }',
    'models.x.price = { input = "2" }',
    'models.x.price = { input = "2", output = "4", long = { input = "4", output = "6" } }',
    'models.x.variant = "turbo"',
    "models.x.efforts = 3",
    "models.x.max_input = 0",
    "models.x.max_input = true",
    "models.x = 3",
    "models = 3",
    "not_chat = 'x'",
    "small_jobs.x.models = 'gpt'",
    "small_jobs.x.effort = 'very high'",
    "file_inputs.x = { each_mb = 0, together_mb = 1, types = [] }",
    "file_inputs.x = { each_mb = 1, together_mb = 1.5, types = [] }",
    "file_inputs.x = 3",
    'models.x.price = { input = "nan", output = "1" }',
    'models.x.price = { input = "1", output = "-1" }',
    'models.x.price = { input = "1", output = "1", cached_input = "inf" }',
    'models.x.price = { input = true, output = "1" }',
    'models.x.price_tiers = { batch = "-1" }',
    "models.x.price_tiers = 3",
    'embeddings.x = "nan"',
    'hosted_tools.x = "-1"',
    "models.x.usual_seconds = { low = inf }",
    "models.x.image_tokens = { base = 85, tile = -1 }",
    "models.x.image_tokens = 3",
    'models.x.image_tokens = { multiplier = "nan" }',
    'models.x.image_tokens = { multiplier = "1", patches = 0 }',
    "modells.x.max_input = 3",
    "models.x.max_inputs = 3",
)


@pytest.mark.parametrize("text", WRONG_VALUES)
def test_a_wrong_value_costs_that_value_and_a_sentence(text: str) -> None:
    right = '[models.y]\nmax_input = 5\nefforts = ["max"]\n'
    catalog = shipped_catalog(f"{text}\n{right}" if text != "models = 3" else text)
    (problem,) = catalog.problems
    assert "models.toml has a wrong value, which is ignored: " in problem.what_happened
    assert "models.toml" in problem.what_to_do
    assert catalog.info("x") == ModelInfo("x", "x")
    assert catalog.info("gpt-5.2") == CATALOG.info("gpt-5.2")
    if text != "models = 3":
        assert (catalog.info("y").max_input, catalog.info("y").efforts) == (5, (Effort.MAX,))


@pytest.mark.parametrize("text", ["models = [", "[models.x", f"a = {'[' * 100_000}"])
def test_a_file_that_is_not_toml_costs_that_file_and_a_sentence(text: str) -> None:
    catalog = shipped_catalog(text)
    (problem,) = catalog.problems
    assert "models.toml isn’t valid, and is ignored: " in problem.what_happened
    assert list(catalog) == list(CATALOG)


toml_values = st.recursive(
    st.text(alphabet="ab0-. ", max_size=4) | st.integers(-9, 9) | st.booleans() | st.floats(),
    lambda values: (
        st.lists(values, max_size=2)
        | st.dictionaries(st.sampled_from(["input", "output", "long", "above", "low"]), values)
    ),
    max_leaves=4,
)
FACTS = [f.name for f in fields(ModelInfo)] + ["other"]


@given(st.dictionaries(st.sampled_from(FACTS), toml_values, max_size=3))
def test_no_value_of_a_users_file_is_an_error_of_the_program(row: dict[str, object]) -> None:
    catalog = shipped_catalog(f"[models]\nx = {toml(row)}")
    assert len(catalog.problems) <= len(row)
    known = catalog.info("x")
    assert known.price is None or known.price.input >= 0
    assert known.input_limit is None or known.input_limit > 0


def toml(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else str(value)


@pytest.mark.parametrize(
    ("default", "effort", "seconds"),
    [("low", Effort.HIGH, 90), ("low", None, 5), (None, None, 30), ("low", Effort.XHIGH, None)],
)
def test_a_usual_duration_is_known_by_effort(
    default: str | None, effort: Effort | None, seconds: int | None
) -> None:
    row = "models.x.usual_seconds = { low = 5, medium = 30, high = 90 }\n"
    row += f'models.x.default_effort = "{default}"' if default else ""
    assert ModelCatalog.from_toml(row).info("x").usual_duration(effort) == seconds


@pytest.mark.parametrize(
    ("model", "efforts", "tokens"),
    [
        ("gpt-5.2", ["none", "low", "medium", "high", "xhigh"], [500, 660, 1000, 2180, 6660]),
        ("gpt-5.2-chat-latest", ["medium"], [500]),  # Instant takes six seconds
        ("gpt-5.2-pro", ["medium", "xhigh"], [4290, 24030]),
        # Without seconds of their own: as many as gpt-5.2's.
        ("gpt-6.1-terra", ["none", "medium", "xhigh"], [500, 1000, 6660]),
        ("gpt-6-sol", ["max"], [16130]),
        ("somebody's", ["", "default"], [1000, 1000]),
    ],
)
def test_assumed_tokens_grow_with_the_effort(
    model: str, efforts: list[str], tokens: list[int]
) -> None:
    info = CATALOG.info(model)
    assert [info.usual_tokens(Effort(each) if each else None) for each in efforts] == tokens


def test_sizes_of_files_are_given_in_megabytes() -> None:
    catalog = ModelCatalog.from_toml(
        'file_inputs.x = { each_mb = 1, together_mb = 3, types = ["text/csv"] }'
    )
    assert catalog.file_inputs("x") == FileInputs(1 << 20, 3 << 20, ("text/csv",))


def test_a_price_has_parts_and_one_for_long_prompts() -> None:
    row = """
        [models.x.price]
        input = "2"
        output = "10"
        cached_input = "0.1"
        cache_write = "2.5"
        audio_input = "32"
        long = { above = 272_000, input = "4", output = "15" }
    """
    long = LongPrice(272_000, Price(Decimal(4), Decimal(15)))
    parts = (Decimal("0.1"), Decimal("2.5"), Decimal(32))
    price = Price(Decimal(2), Decimal(10), *parts, long=long)
    assert shipped_catalog(row).info("x").price == price


def test_a_price_may_be_a_number() -> None:
    catalog = ModelCatalog.from_toml("models.x.price = { input = 0.1, output = 2 }")
    assert catalog.info("x").price == Price(Decimal("0.1"), Decimal(2))


@pytest.mark.parametrize(
    ("model", "wanted", "nearest"),
    [
        ("gpt-5.2-pro", Effort.NONE, Effort.MEDIUM),
        ("gpt-5.2-pro", Effort.XHIGH, Effort.XHIGH),
        ("gpt-5.2-chat-latest", Effort.XHIGH, Effort.MEDIUM),
        ("gpt-5.2", Effort.MINIMAL, Effort.LOW),
        ("gpt-5-mini", Effort.NONE, Effort.MINIMAL),
        ("smollm2-135m-instruct", Effort.LOW, None),
    ],
)
def test_the_nearest_supported_effort_is_chosen(
    model: str, wanted: Effort, nearest: Effort | None
) -> None:
    assert CATALOG.info(model).nearest_effort(wanted) is nearest


@pytest.mark.parametrize("model", ["gpt-5.2-pro", "gpt-5.2-chat-latest", "smollm2-135m-instruct"])
def test_an_unsupported_effort_is_refused_in_a_sentence_that_names_the_model(model: str) -> None:
    info = CATALOG.info(model)
    reason = str(info.effort_refusal(Effort.LOW))
    assert reason.startswith(info.name)
    assert reason.endswith(".")


def test_a_model_of_the_family_takes_sampling_only_without_reasoning() -> None:
    assert CATALOG.info("gpt-5.2").effort_refusal(Effort.NONE) is None
    assert CATALOG.info("gpt-5.2").takes_sampling(Effort.NONE)
    assert not CATALOG.info("gpt-5.2").takes_sampling(Effort.HIGH)
    assert not CATALOG.info("gpt-5.2-pro").takes_sampling(Effort.HIGH)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[models.x]\neffort = ["low"]', "“effort” in x is not known; “efforts” is meant"),
        ("[model.x]\nname = 'X'", "“model” in the file is not known; “models” is meant"),
        ("[models.x]\ncontext_window = 'big'", "context_window of x: Expected `int"),
        ("[models.x]\nsees_images = 'yes'", "sees_images of x: Expected `bool"),
        ("[models.x]\nshutdown = 'soon'", "shutdown of x: Invalid"),
        ("[models.x]\nefforts = ['Huge!']", "efforts of x: Invalid enum value 'Huge!'"),
        ("models = 3", "“models” is not a table"),
        ("not_chat = 'x'", "not_chat is a list of names"),
        ("[models.x", "at end of document"),
    ],
)
def test_an_error_in_the_users_file_is_named(text: str, says: str) -> None:
    (problem,) = shipped_catalog(text).problems
    assert says in problem.what_happened


def test_the_shipped_file_has_no_wrong_value() -> None:
    assert CATALOG.problems == ()


def test_efforts_are_kept_in_their_order_and_unknown_ones_as_they_are() -> None:
    row = '[models.x]\nefforts = ["max", "default", "low"]\ndefault_effort = "default"'
    info = shipped_catalog(row).info("x")
    assert info.efforts == (Effort.LOW, Effort("default"), Effort.MAX)
    assert info.default_effort is Effort("default")
    assert info.effort_refusal(Effort("default")) is None
    assert info.nearest_effort(Effort.XHIGH) is Effort.MAX
    assert info.nearest_effort(Effort.MEDIUM) is Effort.LOW
    switched = '[models.x]\nefforts = ["default"]'
    info = shipped_catalog(switched).info("x")
    assert info.nearest_effort(Effort.HIGH) is Effort("default")
    assert str(CATALOG.info("new").effort_refusal(Effort("hihg")))  # a typing error


def test_facts_of_the_users_file_are_known_as_the_users() -> None:
    own = """
        [models.priced]
        price = { input = "1", output = "2" }
        [models.sized]
        context_window = 9000
    """
    catalog = shipped_catalog(own)
    models = ("priced", "sized", "gpt-5.2", "none")
    assert [model for model in models if catalog.has_user_price(model)] == ["priced"]
    assert [model for model in models if catalog.has_user_window(model)] == ["sized"]
