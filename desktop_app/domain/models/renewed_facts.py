"""Model facts that came after the program: a release's file in the configuration folder.

`packaging/model_facts.py` writes it. It stands in for the program's own files until a version with
newer ones is installed. The user's `models.toml` extends it in the same way.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from desktop_app.domain.models.catalog_file import CatalogFile, read_catalog_file
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.price_list import PriceList
from desktop_app.domain.models.variants import Variant

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
