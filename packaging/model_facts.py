#!/usr/bin/env python3
"""Writes model_facts-DAY.json: the model facts of the checkout as one file of a release.

    python3 packaging/model_facts.py FOLDER

The check for updates in Settings › About offers it to programs whose facts are older. DAY is the
later one of resources/model_prices.json and resources/models.toml. A file that is added to the
newest release later is offered as well.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

RESOURCES = Path(__file__).parent.parent / "resources"


def main() -> None:
    (folder,) = sys.argv[1:]
    prices = json.loads((RESOURCES / "model_prices.json").read_text("utf-8"))
    models = (RESOURCES / "models.toml").read_text("utf-8")
    day = max(prices["date"], tomllib.loads(models)["day"].isoformat())
    facts = {"date": day, "models": models, "prices": prices}
    target = Path(folder) / f"model_facts-{day}.json"
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    target.write_text(f"{text}\n", "utf-8")
    print(target)


if __name__ == "__main__":
    main()
