"""The model, effort, price and window that a choice resolves to at a provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.cost import FREE, Price
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.local_model.server import LoadOptions
from desktop_app.providers.gateway.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import (
    INSTANT_RETIRED,
    ON_DEVICE_WINDOW,
    ProviderModels,
    default_choice,
    require_supported,
    shutdown_note,
)
from desktop_app.providers.models.model_listing import ModelListing
from tests.helpers.catalogs import shipped_catalog
from tests.unit.providers.samples import CATALOG

SERVER = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, "http://localhost:1/v1")
BEFORE, AFTER = date(2026, 8, 9), date(2026, 8, 10)


def choice(variant: Variant, effort: Effort = Effort.MEDIUM) -> ModelChoice:
    return ModelChoice("openai", "", variant, effort)


@pytest.mark.parametrize(
    ("chosen", "sent"), [(Effort.NONE, Effort.MEDIUM), (Effort.HIGH, Effort.HIGH)]
)
def test_pro_takes_the_nearest_effort(chosen: Effort, sent: Effort) -> None:
    resolved = ProviderModels(OPENAI, CATALOG).resolve(choice(Variant.PRO, chosen), AFTER)
    assert (resolved.model.id, resolved.effort) == ("gpt-5.2-pro", sent)


def test_the_instant_model_is_replaced_after_its_shutdown() -> None:
    made = choice(Variant.INSTANT, Effort.HIGH)
    alive = ProviderModels(OPENAI, CATALOG).resolve(made, BEFORE)
    assert (alive.model.id, alive.effort, alive.notice) == (
        "gpt-5.2-chat-latest",
        Effort.MEDIUM,
        "",
    )
    gone = ProviderModels(OPENAI, CATALOG).resolve(made, AFTER)
    assert (gone.model.id, gone.effort, gone.notice) == ("gpt-5.2", Effort.NONE, INSTANT_RETIRED)
    assert gone.variant is Variant.INSTANT


def test_a_listing_overrides_the_shutdown_date() -> None:
    def listed(*ids: str, day: date = AFTER) -> ModelListing:
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return ModelListing("", tuple(ModelFacts(model) for model in ids), at)

    instant = "gpt-5.2-chat-latest"
    for profile, listing, today, served in (
        (OPENAI, listed("gpt-5.2", instant), AFTER, True),
        (OPENAI, listed("gpt-5.2", instant, day=BEFORE), AFTER, False),
        (OPENAI, listed("gpt-5.2"), BEFORE, False),
        (COMETAPI, listed("gpt-5.2", instant), AFTER, True),
        (COMETAPI, listed("gpt-5.2"), AFTER, False),
    ):
        resolved = ProviderModels(profile, CATALOG, listing).resolve(choice(Variant.INSTANT), today)
        assert resolved.model.id == (instant if served else "gpt-5.2")
        assert resolved.notice == ("" if served else INSTANT_RETIRED)
    said_no = ProviderModels(COMETAPI, CATALOG, listed(instant)).resolve(
        choice(Variant.INSTANT), AFTER, is_instant_gone=True
    )
    assert (said_no.model.id, said_no.effort) == ("gpt-5.2", Effort.NONE)


def test_a_model_near_or_after_its_shutdown_is_used_with_a_warning() -> None:
    codex = ModelChoice("openai", "gpt-5.2-codex", None, Effort.HIGH)
    near = ProviderModels(OPENAI, CATALOG).resolve(codex, date(2026, 7, 1))
    assert str(near.warning).startswith("GPT-5.2 Codex ends on July 23, 2026.")
    gone = ProviderModels(OPENAI, CATALOG).resolve(codex, AFTER)
    assert "shut down" in str(gone.warning)
    assert (gone.model.id, gone.notice) == ("gpt-5.2-codex", "")
    assert ProviderModels(COMETAPI, CATALOG).resolve(codex, AFTER).warning == ""


def listing_of(*ids: str) -> ModelListing:
    return ModelListing("", tuple(map(ModelFacts, ids)), datetime(2026, 11, 1, tzinfo=UTC))


OWN_THINKING = """
[models.mine]
variant = "thinking"
[models."gpt-6.1-terra"]
variant = "instant"
"""


@pytest.mark.parametrize(
    ("own_file", "chosen", "listed", "variant", "sent"),
    [
        ("", {}, None, Variant.THINKING, ("gpt-5.2", Effort.HIGH)),
        (OWN_THINKING, {}, None, Variant.THINKING, ("mine", Effort.HIGH)),
        (OWN_THINKING, {}, ("gpt-5.2",), Variant.THINKING, ("gpt-5.2", Effort.HIGH)),
        (OWN_THINKING, {}, ("gpt-6.1-terra",), Variant.INSTANT, ("gpt-6.1-terra", Effort.NONE)),
        (OWN_THINKING, {}, ("gpt-5.2-pro",), Variant.PRO, ("gpt-5.2-pro", Effort.HIGH)),
        ("", {Variant.THINKING: "x"}, ("x",), Variant.THINKING, ("x", Effort.HIGH)),
        ("", {Variant.THINKING: "x"}, ("gpt-5.2",), Variant.THINKING, ("gpt-5.2", Effort.HIGH)),
        (OWN_THINKING, {Variant.THINKING: "x"}, ("x",), Variant.THINKING, ("x", Effort.HIGH)),
        (OWN_THINKING, {Variant.THINKING: "x"}, ("mine",), Variant.THINKING, ("mine", Effort.HIGH)),
    ],
)
def test_a_variant_is_the_users_model_wherever_it_is_listed(
    own_file: str,
    chosen: dict[Variant, str],
    listed: tuple[str, ...] | None,
    variant: Variant,
    sent: tuple[str, Effort],
) -> None:
    listing = None if listed is None else listing_of(*listed)
    models = ProviderModels(OPENAI, shipped_catalog(own_file), listing, chosen)
    resolved = models.resolve(choice(variant, Effort.HIGH), BEFORE)
    assert (resolved.model.id, resolved.effort) == sent
    assert resolved.model.variant is resolved.variant is variant


@pytest.mark.parametrize(
    ("model", "listed", "successor"),
    [
        ("gpt-5.2", ("gpt-5.2", "gpt-6.1-sol", "gpt-6-sol"), "gpt-6.1-sol"),
        ("gpt-5.2", ("gpt-5.2", "gpt-6.1-terra"), None),
        ("gpt-5-mini", ("gpt-6.1-terra",), "gpt-6.1-terra"),
        ("gpt-5-mini-2025-08-07", ("gpt-6.1-terra",), "gpt-6.1-terra"),
        ("somebody's", ("gpt-6.1-terra",), None),
    ],
)
def test_a_successor_is_the_newest_that_the_provider_lists(
    model: str, listed: tuple[str, ...], successor: str | None
) -> None:
    models = ProviderModels(OPENAI, CATALOG, listing_of(*listed))
    found = models.successor(models.info(model))
    assert (found and found.id) == successor


def test_the_note_about_an_end_names_the_successor() -> None:
    models = ProviderModels(OPENAI, CATALOG, listing_of("gpt-5-mini", "gpt-6.1-terra"))
    mini = ModelChoice("openai", "gpt-5-mini", None, None)
    note = shutdown_note(models, models.resolve(mini, date(2026, 11, 29)))
    assert note.startswith("GPT-5 mini ends on December 11, 2026.")
    assert note.endswith("Its successor is GPT-6.1 Terra.")
    assert shutdown_note(models, models.resolve(mini, date(2026, 1, 1))) == ""


def test_every_successor_is_a_known_model() -> None:
    assert all(CATALOG.knows(each) for info in CATALOG for each in info.successors)


def test_an_unknown_model_is_neither_refused_nor_given_an_effort() -> None:
    resolved = ProviderModels(SERVER, CATALOG).resolve(ModelChoice("own", "qwen3:8b"), AFTER)
    assert (resolved.model.id, resolved.effort, resolved.price) == ("qwen3:8b", None, None)
    named = ProviderModels(SERVER, CATALOG).resolve(
        ModelChoice("own", "qwen3:8b", None, Effort.LOW), AFTER
    )
    assert named.effort is Effort.LOW


def test_a_model_on_this_computer_is_free_and_takes_no_effort() -> None:
    built_in = ProviderModels(ON_DEVICE, CATALOG).resolve(default_choice(ON_DEVICE), AFTER)
    assert built_in.model.name == "SmolLM2 135M"
    own = ProviderModels(ON_DEVICE, CATALOG).info("/models/tiny-q4.gguf")
    assert own.name == "tiny-q4"
    for info in (built_in.model, own):
        assert info.efforts == ()
        assert info.price.output == 0


@pytest.mark.parametrize(
    ("profile", "made"),
    [
        (SERVER, ModelChoice("own", "", None, None)),
        (replace(SERVER, models=("b", "a")), ModelChoice("own", "b", None, None)),
        (OPENAI, ModelChoice("openai", "", Variant.THINKING, Effort.MEDIUM)),
    ],
)
def test_a_new_conversation_takes_the_first_model_of_its_provider(
    profile: ProviderProfile, made: ModelChoice
) -> None:
    assert default_choice(profile) == made


def test_a_proposed_model_stands_in_for_a_model_that_is_not_named() -> None:
    assert default_choice(SERVER, proposed="p").model == "p"
    assert default_choice(replace(SERVER, models=("a",)), proposed="p").model == "a"
    assert default_choice(OPENAI, proposed="p").model == ""


def test_an_unsupported_effort_is_refused_with_the_supported_ones() -> None:
    resolved = ProviderModels(OPENAI, CATALOG).resolve(choice(Variant.PRO, Effort.LOW), AFTER)
    with pytest.raises(IllegalChoiceError) as refused:
        require_supported(resolved, Effort.LOW, CATALOG)
    assert "low" in refused.value.what_happened
    assert "medium, high, xhigh" in refused.value.what_to_do
    require_supported(resolved, Effort.HIGH, CATALOG)
    require_supported(resolved, None, CATALOG)


def test_the_window_of_a_listing_is_used() -> None:
    models = (ModelFacts("qwen3:8b", window=8192), ModelFacts("gpt-5.2", window=4096))
    listing = ModelListing(SERVER.base_url, models, datetime(2026, 11, 20, tzinfo=UTC))
    asked = ModelChoice("own", "qwen3:8b")
    assert ProviderModels(SERVER, CATALOG, listing).resolve(asked, AFTER).model.input_limit == 8192
    assert ProviderModels(SERVER, CATALOG).resolve(asked, AFTER).model.input_limit is None
    family = ProviderModels(SERVER, CATALOG, listing).resolve(choice(Variant.THINKING), AFTER)
    assert family.model.input_limit == 4096
    retired = ProviderModels(SERVER, CATALOG, listing).resolve(choice(Variant.INSTANT), AFTER)
    assert retired.model.input_limit == 4096


@pytest.mark.parametrize(
    ("listed", "learned", "window"), [(None, None, None), (None, 4096, 4096), (8192, 4096, 8192)]
)
def test_a_learned_window_is_used_if_the_listing_has_none(
    listed: int | None, learned: int | None, window: int | None
) -> None:
    listing = ModelListing(
        SERVER.base_url,
        (ModelFacts("qwen3:8b", window=listed),),
        datetime(2026, 11, 20, tzinfo=UTC),
    )
    asked: list[tuple[str, str]] = []

    def window_of(profile: ProviderProfile, model: str) -> int | None:
        asked.append((profile.id, model))
        return learned

    choice = ModelChoice("own", "qwen3:8b")
    found = ProviderModels(SERVER, CATALOG, listing).resolve(choice, AFTER, window_of=window_of)
    assert found.model.input_limit == window
    assert asked == [("own", "qwen3:8b")]


def test_a_users_model_file_has_the_window_of_the_local_server() -> None:
    given = LoadOptions().context_window
    own = ProviderModels(ON_DEVICE, CATALOG).info("/models/tiny-q4.gguf")
    assert own.input_limit == given == ON_DEVICE_WINDOW


# ---------------------------------------------------------------- price claims

ADDRESS = "https://gateway.example/v1"
OWN = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, ADDRESS)
NAMED = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, ADDRESS, models=("gpt-5.2",))
AT_OPENAI = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI)
LOCAL = replace(NAMED, base_url="http://127.0.0.1:18080/v1")
PROXY = replace(LOCAL, id="litellm-1")
CHOICE = ModelChoice("own", "gpt-5.2", None, None)
TODAY = date(2026, 11, 22)


def listing(*models: str) -> ModelListing:
    return ModelListing(ADDRESS, tuple(map(ModelFacts, models)), datetime.now(UTC))


@pytest.mark.parametrize(
    ("profile", "listed", "answered_by", "is_priced"),
    [
        (AT_OPENAI, listing("other"), "other", True),
        (OWN, listing("smollm2"), "", False),
        (OWN, listing("gpt-5.2"), "gpt-5.2-2025-12-11", True),
        (OWN, listing("gpt-5.2"), "smollm2", False),
        (OWN, None, "", True),
        (OWN, None, "smollm2", False),
        (NAMED, listing("smollm2"), "openai/gpt-5.2", True),
        (NAMED, listing("smollm2"), "gpt-5.2-pro", False),
        # A server on this computer or its network has models of its own, by whatever name.
        (LOCAL, listing("gpt-5.2"), "gpt-5.2", False),
        (replace(LOCAL, base_url="http://192.168.1.7/v1"), listing("gpt-5.2"), "gpt-5.2", False),
        # But these may be gateways to OpenAI.
        (PROXY, listing("gpt-5.2"), "gpt-5.2", True),
        (replace(LOCAL, from_environment=True), listing("gpt-5.2"), "gpt-5.2", True),
    ],
)
def test_a_price_belongs_to_a_provider_and_model(
    profile: ProviderProfile, listed: ModelListing | None, answered_by: str, is_priced: bool
) -> None:
    resolved = ProviderModels(profile, CATALOG, listed).resolve(CHOICE, TODAY)
    for price in (resolved.price, resolved.counted_price):
        assert (price is not None and resolved.has_certain_price_for(answered_by)) is is_priced


def test_a_price_in_the_users_file_applies_whichever_model_answers() -> None:
    own = '[models."gpt-5.2"]\nprice = { input = "1", output = "2" }'
    catalog = shipped_catalog(own)
    resolved = ProviderModels(OWN, catalog, listing("smollm2")).resolve(CHOICE, TODAY)
    assert resolved.has_certain_price_for("smollm2")
    assert resolved.price
    assert resolved.price.input == Decimal(1)


def priced_at(
    own: str, profile: ProviderProfile = OWN, catalog: ModelCatalog = CATALOG, tier: str = ""
) -> Price | None:
    said = ModelFacts(
        input_price=Decimal(own), output_price=Decimal(9), cached_price=Decimal("0.5")
    )
    listed = ModelListing(ADDRESS, (replace(said, id="gpt-5.2"),), datetime.now(UTC))
    resolved = ProviderModels(profile, catalog, listed).resolve(CHOICE, TODAY)
    assert resolved.has_certain_price_for("smollm2")
    return replace(resolved, service_tier=tier).price


def test_a_price_that_the_server_lists_goes_before_the_catalogs() -> None:
    """It is what the server charges, whatever answers and whatever share the user entered."""
    expected = Price(Decimal(3), Decimal(9), Decimal("0.5"))
    assert priced_at("3") == expected
    assert priced_at("3", replace(OWN, price_multiplier=Decimal(2))) == expected
    assert priced_at("3", tier="flex") is None
    own = '[models."gpt-5.2"]\nprice = { input = "1", output = "2" }'
    stated = priced_at("3", catalog=shipped_catalog(own))
    assert stated.input == Decimal(1)
    free = priced_at("0")
    assert free is not None
    assert free != FREE  # only models on this computer are free


@pytest.mark.parametrize(
    ("requested", "named", "is_same"),
    [
        ("gpt-5.2", "", True),
        ("GPT-5.2", "openai/gpt-5.2-2025-12-11", True),
        ("qwen3", "qwen3:latest", True),
        ("models/qwen3.gguf", "qwen3", True),
        ("gpt-5.2", "gpt-5.2-pro", False),
        ("gpt-5.2", "smollm2", False),
        ("nonsense", "smollm2", False),
    ],
)
def test_a_reply_may_name_a_version_of_the_requested_model(
    requested: str, named: str, is_same: bool
) -> None:
    assert is_same_model(requested, named) is is_same
