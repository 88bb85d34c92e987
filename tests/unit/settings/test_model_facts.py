"""Newer model facts come from a release on a click, and only those that it names by their hash."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from desktop_app.backend.catalog_files import FACTS_FILE, read_catalog
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.paths import folders
from desktop_app.settings.ui.updates import FactsOffer, fetch_facts, offered_facts, update_report

ROOT = Path(__file__).parents[3]
DAY = date(2099, 1, 2)


def facts(**changes: Any) -> bytes:
    """Return a file of a release, of a day after every other."""
    prices = json.loads((ROOT / "resources/model_prices.json").read_text("utf-8"))
    prices["date"] = DAY.isoformat()
    (openai,) = (each for each in prices["providers"] if each["id"] == "openai")
    new = {"ids": ["gpt-9"], "prices": [{"price": {"input": 9, "output": 90}}]}
    openai["models"].append(new)
    models = (ROOT / "resources/models.toml").read_text("utf-8")
    models += '\n[models."gpt-9"]\nefforts = ["low", "max"]\nof_the_future = 3\n'
    return json.dumps(
        {"date": DAY.isoformat(), "models": models, "prices": prices} | changes
    ).encode()


@pytest.fixture
def release() -> Iterator[HTTPServer]:
    """Serve `files` by path; a text is the address that the reply redirects to."""

    class Release(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.server.files.get(self.path)
            self.send_response(404 if body is None else 302 if isinstance(body, str) else 200)
            if isinstance(body, str):
                self.send_header("location", body)
            self.send_header("content-type", "application/json")
            self.end_headers()
            if isinstance(body, bytes):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Release) as server:
        server.files = {}
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def offer_of(server: HTTPServer, data: bytes, path: str = "/facts") -> FactsOffer:
    url = f"http://127.0.0.1:{server.server_port}{path}"
    return FactsOffer(DAY, url, hashlib.sha256(data).hexdigest())


def renew(offer: FactsOffer) -> None:
    asyncio.run(fetch_facts(offer, folders().config / FACTS_FILE))


def test_newer_facts_are_offered_fetched_and_used_from_the_next_start(release: HTTPServer) -> None:
    data = facts()
    offer = offer_of(release, data)
    asset = {
        "name": f"model_facts-{DAY}.json",
        "digest": f"sha256:{offer.sha256}",
        "browser_download_url": offer.url,
    }
    latest = json.dumps({"tag_name": "v0.0.1", "assets": [asset]}).encode()
    release.files = {"/releases/latest": latest, "/facts": "/elsewhere", "/elsewhere": data}
    address = f"http://127.0.0.1:{release.server_port}/releases"
    day = read_catalog(folders()).day
    report = asyncio.run(update_report(day, address))
    assert report.facts == offer
    assert "of January 2, 2099; those in use are of" in report.text
    assert asyncio.run(update_report(DAY, address)).facts is None
    assert ModelCatalog.from_toml(f"day = {DAY}").day == DAY
    renew(offer)
    own = folders().config / "models.toml"
    own.write_text('[models."gpt-5.2"]\nprice = { input = "3", output = "4" }\n', "utf-8")
    catalog = read_catalog(folders())
    assert (catalog.day, catalog.problems) == (DAY, ())
    assert catalog.info("gpt-9").price.output == Decimal(90)
    assert catalog.info("gpt-9").efforts == ("low", "max")
    assert catalog.info("gpt-5.2").price.input == Decimal(3)  # the user's own values stay


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", facts(prices={}), facts(date="soon"), facts(models="[models")),
        facts(models='[models."gpt-9"]\nefforts = ["low"]'),  # without the variants
    ],
)
def test_facts_that_cannot_be_used_are_refused_and_ignored(
    release: HTTPServer, data: bytes
) -> None:
    release.files = {"/facts": data}
    with pytest.raises(UserFacingError) as caught:
        renew(offer_of(release, data))
    assert "can’t be used by this version" in caught.value.what_happened
    file = folders().config / FACTS_FILE
    assert not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    catalog = read_catalog(folders())
    (problem,) = catalog.problems
    assert str(file) in problem.what_happened
    assert catalog.info("gpt-5.2").price.input == Decimal("1.75")


def test_other_bytes_than_those_of_the_release_are_not_kept(release: HTTPServer) -> None:
    old, data = facts(), facts(date="2098-01-01")
    release.files = {"/facts": old}
    renew(offer_of(release, old))
    with pytest.raises(UserFacingError) as caught:
        renew(offer_of(release, data))
    assert "aren’t those that the release names" in caught.value.what_happened
    assert (folders().config / FACTS_FILE).read_bytes() == old
    with pytest.raises(UserFacingError):
        renew(offer_of(release, old, "/missing"))


def test_older_facts_than_the_programs_are_left_alone() -> None:
    file = folders().config / FACTS_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(facts(date="2020-01-01"))
    catalog = read_catalog(folders())
    assert (catalog.problems, catalog.info("gpt-9").price) == ((), None)


GOOD = {
    "name": "model_facts-2026-12-01.json",
    "digest": f"sha256:{'0' * 64}",
    "browser_download_url": "https://a.example/f",
}


@pytest.mark.parametrize(
    ("assets", "is_offered"),
    [
        ([GOOD], True),
        *(([GOOD | {key: value}], False) for key in GOOD for value in ("", None, 3, "x")
          if (key, value) != ("browser_download_url", "x")),
        ([GOOD | {"name": "model_facts-2026-13-01.json"}], False),
        ([{}, 3, None], False),
        (None, False),
        ({}, False),
    ],
)  # fmt: skip
def test_a_file_is_offered_only_with_its_day_and_hash(assets: object, is_offered: bool) -> None:
    assert (offered_facts({"assets": assets}) is not None) is is_offered
    assert offered_facts([]) is None


def test_the_build_writes_the_file_of_a_release(tmp_path: Path) -> None:
    script = ROOT / "packaging/model_facts.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, capture_output=True)
    (made,) = tmp_path.iterdir()
    data = made.read_bytes()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    asset = GOOD | {"name": made.name, "digest": digest}
    offer = offered_facts({"assets": [asset]})
    assert offer is not None
    assert offer.day == read_catalog(folders()).day
