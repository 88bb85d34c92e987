"""The entries of the model menu, and the rows of the table of models, of a provider.

Any model that a provider lists can be used, known or not. Models that cannot chat (embeddings,
speech, images) are filtered out by the catalog, the server's list or their names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Final

from msgspec.structs import asdict

from desktop_app.domain.answering.chat_request import (
    API_KEY_HEADER,
    FAMILY_MODEL,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.model_entry import ModelEntry, ModelRow
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.network.network_address import is_loopback, split_url
from desktop_app.i18n.translation import tr
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL, ProviderModels
from desktop_app.providers.models.model_listing import ModelAvailability, ModelListing

_LONG_LIST: Final = 18
"""Of a longer list, models that the server has had for long are older ones."""
_CURRENT_DAYS: Final = 365
_VERSION: Final = lazy_pattern(r"([0-9]{1,18}(?:\.[0-9]{1,18})*)")
_DATE: Final = lazy_pattern(r"-(20\d\d-?\d\d-?\d\d|\d\d-20\d\d|\d\d-\d\d|\d{4})$")
"""A snapshot's date: of OpenAI and Anthropic, Cohere, Google, Mistral."""


def menu_entries(
    models: ProviderModels, today: date, on_device_model: str = ON_DEVICE_MODEL
) -> list[ModelEntry]:
    """Return the menu's entries: the variants, the user's models, the rest, then older ones.

    On this computer, these are the models that can chat, first that of new conversations. The rest
    are the newest first, if the server says since when it has them. Others follow in the order of
    the catalog, then by name with the highest version first.
    """
    profile, listing = models.profile, models.listing
    if profile.kind is ProviderKind.ON_DEVICE:
        return _on_device_entries(models, on_device_model)
    make_entry = partial(ModelEntry, profile.id, profile.name)
    entries: list[ModelEntry] = []
    if profile.serves_gpt_family:
        for variant in Variant:
            info = models.for_variant(variant)
            is_added = info.id in profile.models
            is_listed = listing is None or listing.has(info.id)
            if profile.kind is ProviderKind.COMPATIBLE and not (is_added or is_listed):
                continue
            availability = models.availability(info, today)
            note = availability.shutdown_mark
            if variant is Variant.INSTANT and not availability.is_served:
                note = tr("GPT-5.2 without reasoning responds")
            elif info.id != models.catalog.variant_models(variant)[-1]:
                note = " · ".join(filter(None, (info.name, note)))
            entries.append(make_entry(info.id, info.name, variant, note))
    variant_models = {entry.model for entry in entries}
    others = _other_models(models, today)
    named = profile.models
    if listing is not None and set(named) >= set(others):
        # These are not the user's words, but the list itself, which Test has saved.
        named = tuple(model_id for model_id in named if not listing.has(model_id))
    older = _older_models(models, others, today)
    for model_id in dict.fromkeys((*named, *sorted(others, key=older.__contains__))):
        listed_model = listing.listed_model(model_id) if listing else ModelFacts(model_id)
        if model_id in variant_models or listed_model.can_chat is False:
            continue
        info = models.info(model_id)
        price = ""  # of a million tokens of input and output, as the server lists it
        if listed_model.input_price is not None and listed_model.output_price is not None:
            price = f"${listed_model.input_price:f} / ${listed_model.output_price:f}"
        facts = (price, models.availability(info, today).shutdown_mark)
        note = " · ".join(fact for fact in facts if fact)
        is_older = model_id in older and model_id not in named
        entries.append(
            make_entry(
                model_id, info.name, note=note, window=listed_model.window, is_older=is_older
            )
        )
    return entries


def _older_models(models: ProviderModels, ids: Collection[str], today: date) -> set[str]:
    listing = models.listing
    since = {}
    # What a server on this computer calls the creation is the day of a download.
    is_local = is_loopback(split_url(models.profile.base_url).hostname or "")
    if listing is not None and len(ids) > _LONG_LIST and not is_local:
        since = {facts.id: facts.created for facts in listing.models if facts.created}
    return {
        id_
        for id_ in ids
        if _is_snapshot(id_, ids)
        or _ends_within_a_year(models.availability(models.info(id_), today))
        or (id_ in since and (today - since[id_]).days > _CURRENT_DAYS)
    }


def _ends_within_a_year(availability: ModelAvailability) -> bool:
    end = availability.shutdown_date
    return end is not None and (end - availability.today).days <= _CURRENT_DAYS


def _is_snapshot(model_id: str, ids: Collection[str]) -> bool:
    """Return True for a dated form of a model that is listed, too."""
    undated = _DATE.sub("", model_id)
    return undated != model_id and (undated in ids or f"{undated}-latest" in ids)


def _newest_first(listing: ModelListing, ids: Sequence[str], known: Sequence[str]) -> list[str]:
    def by_version(model_id: str) -> list[tuple[bool, tuple[int, ...], str]]:
        # 5.5 before 5 before 4: the end of a version is larger than a further negative number.
        return [
            (False, (*(-int(number) for number in word.split(".")), 1), "")
            if word[:1].isdecimal()
            else (True, (), word)
            for word in _VERSION.split(model_id.casefold())
        ]

    def key(model_id: str) -> tuple[Any, ...]:
        created = listing.listed_model(model_id).created
        rank = known.index(model_id) if model_id in known else len(known)
        return created is None, -created.toordinal() if created else 0, rank, by_version(model_id)

    return sorted(ids, key=key)


def _on_device_entries(models: ProviderModels, default: str) -> list[ModelEntry]:
    profile, listing = models.profile, models.listing
    listed = listing.models if listing else ()
    ids = dict.fromkeys((default, *(facts.id for facts in listed if facts.can_chat)))
    return [
        ModelEntry(profile.id, profile.name, info.id, info.name, window=info.context_window)
        for info in map(models.info, ids)
        if info.context_window
    ]


def proposed_model(models: ProviderModels) -> str:
    """Return the model to propose if neither the profile nor the user names one; "" for none.

    Azure lists the models that can be deployed, not those that are, so none is proposed there.
    """
    is_azure = models.profile.key_header == API_KEY_HEADER
    if models.listing is None or is_azure:
        return ""
    return next(iter(chat_models(models.catalog, models.listing)), "")


def with_listed_models(models: ProviderModels) -> ProviderProfile:
    """Return the profile, with the GPT family's models that an environment's server lists.

    Other profiles stay as they are. OPENAI_BASE_URL may name any server, and only the server's list
    or the user shows that the server has GPT-5.2.
    """
    profile = models.profile
    listing = models.listing
    is_from_environment = profile.from_environment and profile.kind is ProviderKind.COMPATIBLE
    if not is_from_environment or profile.models:
        return profile
    if listing is None or not listing.has(FAMILY_MODEL):
        return profile
    family = family_models(models.catalog)
    return replace(profile, models=tuple(model for model in family if listing.has(model)))


def family_models(catalog: ModelCatalog) -> tuple[str, ...]:
    return tuple(info.id for info in catalog if info.id.startswith(FAMILY_MODEL))


def chat_models(catalog: ModelCatalog, listing: ModelListing) -> tuple[str, ...]:
    """Return the listed models that can chat, in the server's order.

    The server's list decides about models that the catalog does not know, if it says anything.
    """
    return tuple(
        listed.id
        for listed in listing.models
        if (
            catalog.can_chat(listed.id)
            if listed.can_chat is None or catalog.knows(listed.id)
            else listed.can_chat
        )
    )


def _other_models(models: ProviderModels, today: date) -> list[str]:
    """Return the ids of the models that the server lists and that can chat.

    Without a list, return OpenAI's models of the catalog if the provider serves them and the user
    has named no models.
    """
    profile = models.profile
    catalog = models.catalog
    if models.listing is None:
        if profile.models or not profile.serves_gpt_family:
            return []
        gpt_models = [i for i in catalog if i.id.startswith("gpt-") and catalog.can_chat(i.id)]
        return [info.id for info in gpt_models if not models.availability(info, today).is_shut_down]
    can_chat = set(chat_models(catalog, models.listing))
    known_models = [info.id for info in catalog if info.id in can_chat]
    return _newest_first(models.listing, sorted(can_chat), known_models)


VARIANTS: Final = "models.variants"
"""The setting with the id of the model that the user chose for each variant."""


def variants_in(stored: Mapping[str, str]) -> dict[Variant, str]:
    """Return the choices in a stored value."""
    return {variant: model for variant in Variant if (model := stored.get(variant.value))}


FAVORITES: Final = "models.favorites"
"""The setting that lists the favorites, as pairs of a provider's and a model's id."""


def model_rows(
    models: ProviderModels,
    today: date,
    *,
    on_device_model: str,
    favorites: Collection[tuple[str, str]] = (),
) -> list[ModelRow]:
    entries = menu_entries(models, today, on_device_model)
    return [
        _make_row(models, entry, today, is_favorite=(entry.provider_id, entry.model) in favorites)
        for entry in entries
    ]


def _make_row(
    models: ProviderModels, entry: ModelEntry, today: date, *, is_favorite: bool
) -> ModelRow:
    profile = models.profile
    info = models.info(entry.model)
    facts = asdict(entry) | {
        "name": info.name,
        "window": info.context_window,
        "is_older": entry.is_older and not is_favorite,
    }
    return ModelRow(
        **facts,
        max_output=info.max_output,
        price=models.choice_of(info).price,
        efforts=info.efforts,
        images=info.sees_images,
        tools=info.takes_tools,
        reasoning=info.is_reasoning,
        schema=info.takes_schema,
        end_date=models.availability(info, today).shutdown_date,
        is_favorite=is_favorite,
        user_entries=None
        if profile.kind is ProviderKind.ON_DEVICE
        else profile.own_model(entry.model),
    )


def favorites_in(stored: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(provider_id, model) for provider_id, model in stored.get(FAVORITES, ())}
