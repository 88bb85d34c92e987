"""Text in any encoding: declared, guessed with a note, or refused, but never lossy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.text.plain_text import DecodedText, decode

SPANISH = "Señor Núñez llegó tarde a la reunión de la compañía, y mañana no vendrá."
FRENCH = "Où est la bibliothèque ? Ça va très bien, merci à tous les élèves naïfs."
POLISH = "Chłodnia w Selby jest pełna. Sprężarka została naprawiona w piątek."
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю."
GREEK = "Καλημέρα κόσμε, τι κάνεις σήμερα;"
HEBREW = "שלום עולם, מה שלומך היום"
JAPANESE = "冷蔵倉庫の報告書です。第三四半期の売上高は四百六十二万ユーロでした。"
CHINESE = "公司第三季度的收入增长了百分之十二。"


def text_in(data: bytes) -> DecodedText:
    """Return the text of bytes, which must be text."""
    found = decode(data)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_an_evident_encoding_has_no_note(encoding: str) -> None:
    text = "Grüße aus Selby – zweite Zeile\nnaïve, żółw"
    assert text_in(text.encode(encoding)) == DecodedText(text)


@pytest.mark.parametrize("text", ["東京の夜", "Привет"])
def test_utf_16_with_a_mark_is_decoded_without_latin_letters(text: str) -> None:
    assert text_in(text.encode("utf-16")).text == text


TURKISH = "Pijamalı hasta yağız şoföre çabucak güvendi. İstanbul şeker."
LITHUANIAN = "Įlinkdama fechtuotojo špaga sublykčiojusi pragręžė apvalų arbūzą."
UKRAINIAN = "Чуєш їх, доцю, га? Кумедна ж ти, прощайся без ґольфів!"


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [TURKISH, UKRAINIAN, "plain words\n"])
def test_wide_encodings_without_a_mark_are_decoded(text: str, encoding: str) -> None:
    assert text_in(text.encode(encoding)) == DecodedText(text)


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (SPANISH, "cp1252", "Windows-1252"),
        (FRENCH, "cp1252", "Windows-1252"),
        (SPANISH, "latin-1", "Windows-1252"),
        (POLISH, "cp1250", "Windows-1250"),
        (RUSSIAN, "cp1251", "Windows-1251"),
        (RUSSIAN, "koi8_r", "KOI8-R"),
        (GREEK, "cp1253", "Windows-1253"),
        (HEBREW, "cp1255", "Windows-1255"),
        (JAPANESE, "shift_jis", "Shift-JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        ("会議は火曜日に開かれます。書類を準備してください。", "euc_jp", "EUC-JP"),
        (CHINESE, "gb18030", "GB 18030"),
        (TURKISH, "cp1254", "Windows-1254"),
        (LITHUANIAN, "cp1257", "Windows-1257"),
        (UKRAINIAN, "koi8_u", "KOI8-U"),
        ("Zażółć gęślą jaźń. Pchnąć w tę łódź jeża.", "iso8859_2", "ISO 8859-2"),
        ("Größe und Öffnung, äußerst schön: prüfen bis Montag.", "cp850", "code page 850"),
        (SPANISH, "mac_roman", "Mac Roman"),
        (RUSSIAN, "cp866", "code page 866"),
        ("נא לחתום עד יום שישי ולהחזיר אלינו. זהו מסמך על החוזה.", "cp1255", "Windows-1255"),
        ("นี่คือเอกสารเกี่ยวกับสัญญา กรุณาลงนามภายในวันศุกร์", "cp874", "Thai (CP874)"),
        ("Das kostet 5 € für Œuvre", "iso8859_15", "ISO 8859-15"),
    ],
)
def test_a_guessed_encoding_is_named(text: str, encoding: str, name: str) -> None:
    decoded = text_in(text.encode(encoding))
    assert decoded.text == text
    assert str(decoded.note) == f"The file doesn’t state its encoding. It was read as {name}."


@pytest.mark.parametrize(
    "text",
    [
        *("Größe", "Müller;Hauptstraße 5", "weiß nicht", "Öffnungszeiten für Ärzte", "für 5 €"),
        *(
            "été",
            "élèves. L'été",
            "Où est Noël ?",
            "forêt, à bientôt. Château, crème brûlée, naïve",
        ),
        *("señor", "¿Cómo está?", "El niño", "n.º 5, 2ª", "São Paulo", "não há", "às vezes"),
        *("caffè è", "però è già", "La città è più bella di sera. Perché non è venuto?"),
        *("Il caffè è pronto, però è già freddo. Lunedì sarà l'università.", "instal·lar això"),
        *("Räksmörgås på ön", "Så må vi gå nå.", "Både gå og stå", "Rødgrød med fløde på øen"),
        "Hvor er du på vej hen? Købmanden lukker på søndag. Vi må læse på ny.",
        *("Hyvää", "päivää, mitä", "on päivän sää. Äiti ja", "Tämä on päivän sää. Äiti ja isä"),
        *("Hyvää päivää, mitä kuuluu? Tämä on päivän sää. Äiti ja isä lähtevät töihin.", "één van"),
        *("Hij is één van de beste.", "Það er gott veður", "Sjö þúsund krónur. Góðan daginn"),
    ],
)
def test_short_western_text_is_decoded_as_western(text: str) -> None:
    decoded = text_in(text.encode("cp1252"))
    assert (decoded.text, "Windows-1252" in str(decoded.note)) == (text, True)


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 8,
        b"\x7fELF\x02\x01\x01" + bytes(50),
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"\x01\x02\x03 a few letters \x04\x05\x06",
        b"text with a NUL \x00 in it, and \xff as well",
    ],
)
def test_binary_data_are_not_text(data: bytes) -> None:
    assert decode(data) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"line one\0\0\nline two\n", "line one\nline two\n"),
        ("Größe\n".encode() + b"\0\0", "Größe\n"),
        (b"abcde\n\0\0", "abcde\n"),
        (b"abcd\n\0\0", None),
        (b"abcdefghi\0", None),
        ("Größe\n\0".encode("cp1252"), None),
    ],
)
def test_a_log_with_a_few_nuls_is_text(data: bytes, text: str | None) -> None:
    found = decode(data)
    assert (found and found.text) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Prüfbericht für Köln: Anlage läuft wieder, nächste Prüfung im März.", "cp437"),
        ("Przesyłka z częściami zamiennymi została wysłana w piątek, łącznie pięć.", "cp852"),
        ("Отчёт о работе холодильника за третий квартал.", "cp866"),
        ("Le relevé a été envoyé à l'hôtel près de la gare où elle était.", "cp850"),
    ],
)
def test_dos_code_pages_are_guessed(text: str, encoding: str) -> None:
    assert text_in(text.encode(encoding)).text == text


def test_line_ends_become_line_feeds() -> None:
    assert text_in(b"one\r\ntwo\rthree\nfour").text == "one\ntwo\nthree\nfour"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")))
def test_utf_8_is_decoded_unchanged(text: str) -> None:
    assert text_in(text.encode()).text == text


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    decoded = decode(data)
    assert decoded is None or "\ufffd" not in decoded.text or b"\xef\xbf\xbd" in data


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?><r>Größe</r>', "latin-1"),
        ("<?xml version='1.0' encoding='KOI8-R'?><r>да</r>", "koi8_r"),
        ("#!/usr/bin/python\n# -*- coding: cp1251 -*-\nx = 'да'", "cp1251"),
        ('@charset "windows-1252";\nq { quotes: "«" "»" }', "cp1252"),
        ("これは契約に関する文書です。", "iso2022_jp"),
        ("日本語のテキストです。\n署名してください。\n", "utf-16-be"),
        ("Съешь же ещё этих мягких булок", "utf-16-le"),
    ],
)
def test_a_declared_or_evident_encoding_has_no_note(text: str, encoding: str) -> None:
    assert text_in(text.encode(encoding)) == DecodedText(text)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", ["中国 人民日報", "abcde中国人民日", "a,b\n1,2\n", "中国\t人民\n日報"]
)
def test_nuls_reveal_utf_16_and_utf_32(text: str, encoding: str) -> None:
    assert text_in(text.encode(encoding)).text == text
