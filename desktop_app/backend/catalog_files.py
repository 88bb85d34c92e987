"""The files of the model catalog: bundled, of a newer release, and the user's own."""

from __future__ import annotations

from datetime import date
from typing import Final

from desktop_app.domain.models.catalog_file import (
    CatalogFile,
    ignored_file,
    read_catalog_file,
    read_facts,
)
from desktop_app.domain.models.model_catalog import USER_FILE, ModelCatalog
from desktop_app.domain.models.price_list import PriceList
from desktop_app.paths import Folders, resource_path

PRICES: Final = "model_prices.json"
FACTS_FILE: Final = "model_facts.json"
"""Newer model facts of a release, in the configuration folder (`settings/ui/updates`)."""


def read_catalog(user_folders: Folders) -> ModelCatalog:
    """Read the bundled model catalog, extended by the user's models.toml.

    The facts of a release stand in for the bundled ones if they are newer. What is wrong in the
    user's file is left out, and named in the catalog's `problems`.
    """
    own = resource_path("models.toml")
    prices = PriceList(resource_path(PRICES).read_bytes)
    files = [read_catalog_file(own.read_text("utf-8"), str(own))]
    renewed_file = user_folders.config / FACTS_FILE
    try:
        if renewed_file.is_file():
            renewed = read_facts(renewed_file.read_bytes())
            if renewed.day > max(files[0].day or date.min, prices.day):
                files, prices = [renewed.models], renewed.prices
    except (OSError, ValueError) as error:
        problem = ignored_file(str(renewed_file), str(error))
        files[0] = files[0]._replace(problems=(*files[0].problems, problem))
    user_file = user_folders.config / USER_FILE
    try:
        if user_file.is_file():
            files.append(read_catalog_file(user_file.read_text("utf-8"), str(user_file)))
    except (OSError, UnicodeDecodeError) as error:
        files.append(CatalogFile(problems=(ignored_file(str(user_file), str(error)),)))
    return ModelCatalog.from_files(files, prices)
