"""The model that a reply names, at its beginning or only at its end."""

from __future__ import annotations

import json

import pytest

from desktop_app.providers.apis.responses_stream import ResponsesReader
from tests.unit.providers.samples import fold

DELTA = b'{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi"}'


@pytest.mark.parametrize(
    ("first", "last"), [("", "smollm2"), ("smollm2", ""), ("smollm2", "smollm2")]
)
def test_a_response_names_its_model_somewhere(first: str, last: str) -> None:
    def event(kind: str, model: str) -> bytes:
        response = {"id": "r", "status": "completed", **({"model": model} if model else {})}
        return json.dumps({"type": f"response.{kind}", "response": response}).encode()

    reader = ResponsesReader("Own")
    events = [
        *reader.read(event("created", first)),
        *reader.read(DELTA),
        *reader.read(event("completed", last)),
    ]
    assert fold(events).model == "smollm2"
