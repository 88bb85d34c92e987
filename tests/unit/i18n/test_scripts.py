"""Scripts of languages."""

from __future__ import annotations

import pytest

from desktop_app.i18n.formatting import script_of_language


@pytest.mark.parametrize(
    ("code", "script"),
    [
        *(
            ("en_US", "LATIN"),
            ("de_DE_frami", "LATIN"),
            ("ru_RU", "CYRILLIC"),
            ("hi", "DEVANAGARI"),
        ),
        *(
            ("sr_RS", "CYRILLIC"),
            ("sr_ME", "LATIN"),
            ("sr_Latn_RS", "LATIN"),
            ("sr@latin", "LATIN"),
        ),
        *(("ko_KR", "HANGUL"), ("bn_BD", "BENGALI"), ("fa_IR", "ARABIC"), ("tlh", "LATIN")),
    ],
)
def test_a_language_has_a_script(code: str, script: str) -> None:
    assert script_of_language(code) == script
