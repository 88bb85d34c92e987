"""Text in any encoding: declared, guessed with a note, or refused, but never lossy."""

from __future__ import annotations

import tracemalloc

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


WESTERN_WORDS = {
    "German": (
        "Grüße aus Köln|Straße|Fuß|Ärger|Übung macht den Meister|schön|"
        "Jörg Schäfer, Nürnberg|Preis: 12,50 €|Bär|Gemüse;Obst;Käse|"
        "Sehr geehrte Frau Böhm,|ä|ö|Rückgabe möglich|Hände hoch|Maßstab 1:100|"
        "Er sagte: „Schön!“|50 % für Mädchen"
    ),
    "French": (
        "garçon|Ça va ?|l’été|Où|déjà vu|hôtel|Noël|œuvre|cœur|Lætitia|"
        "Il était une fois|naïf|français, anglaise|À bientôt|événement|"
        "François Lefèvre|le prix est de 5 €|Élève;Note|sœur"
    ),
    "Spanish": (
        "mañana|¿Qué?|¡Hola!|corazón|Peña|pingüino|Málaga|José Núñez|acción|ñ|años|"
        "El precio: 5 €|¿Dónde está el baño?|Información"
    ),
    "Portuguese": (
        "não|ação|coração|Conceição|avô|você está bem?|São|pães|às|João|informações|"
        "Olá, tudo bem?|Praça da Sé|cafezinho é bom|mãe|lição nº 5"
    ),
    "Italian": ("perché|è|città|più|caffè|virtù|Lunedì|università|così"),
    "Danish": (
        "på|Århus|København|smørrebrød|æble|Søren Kierkegaard|fødselsdag|"
        "Tak for mad, det var så godt|Åse|øl|blå|Kære Jørgen|år|rød;grøn;blå|Følg os|"
        "søn|å"
    ),
    "Swedish": (
        "sköld|Göteborg|Åsa|får|köpa|Malmö|hälsningar|kött och mjölk|räkor|smörgås|året|nästa år"
    ),
    "Finnish": (
        "hyvä|Jyväskylä|Hämeenlinna|yö|äiti|Järvenpää|minä|työ|"
        "Ystävällisin terveisin, Pekka Mäkinen"
    ),
    "Dutch": ("één|geïnteresseerd|reünie|zoë|coördinatie|België|ideeën"),
    "Icelandic": ("þú|ég er|Reykjavík|sælir|góðan dag|Þingvellir|maður|Ísland|bíó"),
    "Catalan": ("Barça|això|és|català|què"),
    "Norwegian": ("Øystein|påske|kjøtt|ære|Tromsø|få|gå|blåbær og fløte|Kjære Bjørn, hilsen Åge"),
}


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


def test_megabytes_of_nuls_are_refused_in_little_memory() -> None:
    data = bytes(20 << 20)
    tracemalloc.start()
    try:
        assert decode(data) is None
        assert tracemalloc.get_traced_memory()[1] < 4 * len(data)
    finally:
        tracemalloc.stop()


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
    ("text", "encoding"),
    [
        ("Chłodnia w Selby", "cp1250"),
        ("Příliš žluťoučký kůň", "cp1250"),
        ("Můžeme začít zítra ráno.", "cp1250"),
        ("Árvíztűrő tükörfúrógép. Őszi idő", "cp1250"),
        ("Oraşul este frumos. Să mergem acasă.", "cp1250"),
        ("Mõni mees läks õue. Šokolaad", "cp1257"),
        ("Įmonė yra Vilniuje. Laba diena, norėčiau užsisakyti", "cp1257"),
        ("Teşekkür ederim, nasılsınız?", "cp1254"),
        ("Сегодня хорошая погода.", "cp1251"),
        ("Итого;172,67", "cp1251"),
        ("Договор № 5 от 1 марта. Цена 100 рублей.", "cp1251"),
        ("Наименование и значение", "cp1251"),
        ("שלום עולם", "cp1255"),
        ("242 - المادة 8: الفرص المتساوية", "cp1256"),
        ("Ευχαριστώ πολύ. Η πόλη είναι όμορφη.", "cp1253"),
        ("カタカナのテスト。第三", "cp932"),
    ],
)
def test_other_short_texts_are_not_decoded_as_western(text: str, encoding: str) -> None:
    assert text_in(text.encode(encoding)).text == text


@pytest.mark.parametrize("language", WESTERN_WORDS)
def test_western_languages_are_decoded(language: str) -> None:
    """No word, name or line of a table is decoded as Baltic or in another code page."""
    wrong = []
    for text in WESTERN_WORDS[language].split("|"):
        decoded = decode(text.encode("cp1252"))
        if decoded is None or decoded.text != text:
            wrong.append((text, decoded))
    assert wrong == []


# As in mails, notices and menus: one to three sentences each.
WESTERN_SENTENCES = {
    "German": (
        "„Schön“, sagte sie und schloß die Tür.",
        "Der Ausschuß tagt am Montag. Beschlüsse werden später veröffentlicht.",
        "Gemäß § 5 Abs. 2 ist die Kündigung unzulässig.",
        "Das Hotel war schön, aber das Frühstück ließ zu wünschen übrig.",
    ),
    "French": (
        "Il a dû partir tôt. Son père était à l’hôpital.",
        "L’été dernier, nous étions à la mer. Il faisait très chaud.",
        "Ça coûte 12 €. C’est trop cher !",
        "Le garçon a mangé une pêche et une pâtisserie.",
    ),
    "Spanish": (
        "¿Dónde está la estación? ¡Gracias!",
        "Señor Núñez, le escribo por la reunión del miércoles.",
        "Información útil para el médico",
        "Se alquila habitación céntrica, 300 € al mes.",
    ),
    "Swedish": (
        "Hej! Kan vi ses på lördag? Jag är ledig då.",
        "Räksmörgås och öl, tack.",
        "Åsa åkte till Örebro.",
        "Det är dyrt att bo här. Hyran höjs varje år.",
    ),
    "Danish": (
        "Hej, kan vi mødes på søndag? Jeg har fri hele dagen.",
        "Åen løber gennem byen.",
        "Der er æbler og pærer på bordet.",
        "Kære Jørgen, vedlagt følger kontrakten.",
    ),
    "Norwegian": (
        "Hei, kan vi møtes på lørdag? Jeg har fri.",
        "Kjære Bjørn, takk for sist.",
        "Regningen må betales før påske.",
        "Øl og pølse, 120 kr",
    ),
    "Finnish": (
        "Jäätelö maksaa 3 €.",
        "Tämä on äidin pöytä.",
        "Missä olet? Tulen myöhään.",
        "Järvi jäätyi yöllä. Lapset luistelivat.",
    ),
    "Portuguese": (
        "São Paulo é uma cidade grande. Há muito trânsito.",
        "Você já comeu? Eu também não.",
        "Parabéns pela promoção!",
        "O avô e a avó moram em Évora.",
    ),
    "Italian": (
        "La città è bella. Però piove.",
        "Andrò in Perù a metà maggio.",
        "Il papà di Niccolò è già partito.",
        "La riunione è rimandata a lunedì.",
    ),
    "Dutch": (
        "Een reünie in café De Zwaan",
        "De vergadering is verplaatst naar één uur.",
        "Ideeën zijn welkom. Mail ze naar ons.",
        "Zij is geïnteresseerd in de cruciale rol.",
    ),
    "Icelandic": (
        "Hvað heitir þú? Ég heiti Þór.",
        "Reykjavík er höfuðborg Íslands.",
        "Kær kveðja, Sigríður",
        "Við förum á morgun.",
    ),
    "Catalan": (
        "Gràcies per la vostra col·laboració.",
        "La reunió és dilluns a les deu.",
        "Barcelona és una ciutat molt gran.",
        "Què vols menjar? Tinc pa i formatge.",
    ),
}
BALTIC_SENTENCES = {
    "Lithuanian": (
        "Laba diena, ačiū už laišką.",
        "Vilnius yra Lietuvos sostinė. Čia gyvena daug žmonių.",
        "Nuoširdžiai, Jūratė Kazlauskienė",
        "Mūsų įmonė įsikūrusi Kaune.",
        "Aš nežinau. Galbūt vėliau.",
        "Šis žmogus yra mūsų mokytojas.",
        "Sąskaita turi būti apmokėta iki kovo 3 d.",
        "Žuvis ir bulvės kainuoja 5 €.",
        "Ežeras užšalo naktį.",
        "Šiandien lyja. Rytoj bus šalta.",
        "Gerbiami kolegos, prašome atsiųsti dokumentus.",
        "Vaikai žaidžia kieme.",
    ),
    "Latvian": (
        "Lūdzu, samaksājiet rēķinu līdz 3. martam.",
        "Ar cieņu, Jānis Bērziņš",
        "Mūsu uzņēmums atrodas Daugavpilī.",
        "Cienījamie kolēģi, lūdzu, atsūtiet dokumentus.",
        "Šis cilvēks ir mūsu skolotājs.",
        "Rīga ir Latvijas galvaspilsēta. Šeit dzīvo daudz cilvēku.",
        "Šodien līst. Rīt būs auksts.",
        "Zivis un kartupeļi maksā 5 €.",
        "Es nezinu. Varbūt vēlāk.",
        "Paldies, viss kārtībā!",
        "Ieeja bez maksas. Gaidām jūs!",
        "Bērni spēlējas pagalmā.",
    ),
    "Estonian": (
        "Žürii ootab. Võitja selgub õhtul.",
        "Tere, koosolek lükati esmaspäevale.",
        "Täna sajab. Homme on külm.",
        "Lugupidamisega, Jüri Mägi",
        "Meie ettevõte asub Pärnus.",
        "Käin iga päev tööl.",
        "Lapsed mängivad õues.",
        "Arve tuleb tasuda 3. märtsiks.",
        "Ta ostis leiba, võid ja juustu.",
        "Kala ja kartulid maksavad 5 €.",
        "Ma ei tea. Võib-olla hiljem.",
        "Kool on suletud. Šokolaad on otsas.",
    ),
    "several": (
        "Lūdzu, atsūtiet rēķinu.",
        "Gerbiamas pone Kazlauskai, ačiū už laišką.",
        "Eesti pealinn on Tallinn. Õhtul sõidame jõe äärde, aga žürii ootab.",
    ),
}
ALBANIAN = "Është një ditë e bukur. Çdo gjë është në rregull."


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        *((language, "cp1252") for language in WESTERN_SENTENCES),
        *((language, "cp1257") for language in BALTIC_SENTENCES),
    ],
)
def test_a_few_sentences_are_decoded_correctly(language: str, encoding: str) -> None:
    """Baltic letters have the bytes of French and Icelandic letters; their neighbors decide."""
    wrong = []
    for text in (WESTERN_SENTENCES | BALTIC_SENTENCES)[language]:
        decoded = decode(text.encode(encoding))
        if decoded is None or decoded.text != text:
            wrong.append((text, decoded))
    assert wrong == []


def test_albanian_is_not_decoded_as_lithuanian() -> None:
    assert text_in(ALBANIAN.encode("cp1250")).text == ALBANIAN


def test_the_first_non_ascii_character_may_be_far_into_a_line() -> None:
    text = f'{{"padding": "{"x" * 70_000}", "text": "Привет, это обычный текст на русском языке."}}'
    assert text_in(text.encode("cp1251")).text == text


def test_the_first_non_ascii_character_may_be_far_into_the_file() -> None:
    text = "Plain words in ASCII only.\n" * 20_000 + POLISH + "\n"
    assert text_in(text.encode("cp1250")).text == text


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
        ("日本語のテキストです。署名してください。", "utf-16-be"),
        ("Съешь же ещё этих мягких булок", "utf-16-le"),
    ],
)
def test_a_declared_or_evident_encoding_has_no_note(text: str, encoding: str) -> None:
    assert text_in(text.encode(encoding)) == DecodedText(text)


@pytest.mark.parametrize("declared", ["hex", "rot13", "utf-7", "no-such", "idna"])
def test_an_invalid_declaration_is_ignored(declared: str) -> None:
    data = f'<?xml version="1.0" encoding="{declared}"?><r>Größe ist schön</r>'.encode("cp1252")
    decoded = text_in(data)
    assert "Größe" in decoded.text
    assert "Windows-1252" in str(decoded.note)


UMLAUTS = "Grüße für Jörg\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (UMLAUTS.encode() * 2 + b"caf\xe9 \x80\x81\n"[:5], UMLAUTS * 2 + "café "),
        (UMLAUTS.encode() * 3 + b"\x80 \x81", UMLAUTS * 3 + "€ \ufffd"),
        (UMLAUTS.encode("utf-8-sig") + "€".encode()[:1], UMLAUTS),
        (UMLAUTS.encode() + "€".encode()[:2], UMLAUTS),
        (UMLAUTS.encode() + "😀".encode()[:3], UMLAUTS),
        ("日本語€".encode() + b"\xff", "日本語€ÿ"),
    ],
)
def test_a_few_other_bytes_in_utf_8_are_accepted(data: bytes, text: str) -> None:
    decoded = text_in(data)
    assert decoded.text == text
    assert str(decoded.note) == "The file doesn’t state its encoding. It was read as UTF-8."


def test_many_other_bytes_in_utf_8_reveal_another_encoding() -> None:
    decoded = text_in("Größe, naïf, ".encode("cp1252") + "Maß".encode())
    assert "Maß" not in decoded.text


def test_binary_numbers_are_not_text() -> None:
    numbers = b"".join(number.to_bytes(2, "little") for number in range(0, 60_000, 7))
    assert decode(numbers) is None


@pytest.mark.parametrize(
    ("text", "encoding", "is_read"),
    [
        # UTF-16 without spaces: more than 40 % NULs on one side, less than 10 % on the other
        *(("abcde中国人民日", encoding, True) for encoding in ("utf-16-le", "utf-16-be")),
        *(("abcd中国人民日報", encoding, False) for encoding in ("utf-16-le", "utf-16-be")),
        *(("abcdefghij一", encoding, True) for encoding in ("utf-16-le", "utf-16-be")),
        *(("abcdefghi一", encoding, False) for encoding in ("utf-16-le", "utf-16-be")),
        # UTF-32: fewer than 10 % of characters beyond the first plane
        *(("abcdefghij😀", encoding, True) for encoding in ("utf-32-le", "utf-32-be")),
        *(("abcdefghi😀", encoding, False) for encoding in ("utf-32-le", "utf-32-be")),
        # UTF-16 with few NULs: at least four characters, letters and spaces, up to five alphabets
        *(("中国 人", encoding, True) for encoding in ("utf-16-le", "utf-16-be")),
        *(("中国 ", encoding, False) for encoding in ("utf-16-le", "utf-16-be")),
        ("中国\t人民\r\n日報", "utf-16-le", True),
        ("中国 人民\x01日報", "utf-16-le", False),
        ("中国 人民\u0378日報", "utf-16-le", False),
        ("中国人民яωאa ", "utf-16-le", True),
        ("中国人民яωאقa ", "utf-16-le", False),
        ("。。。。 。。", "utf-16-le", False),
    ],
)
def test_nuls_reveal_utf_16_and_utf_32(text: str, encoding: str, is_read: bool) -> None:
    found = decode(text.encode(encoding))
    assert (found and found.text) == (text.replace("\r\n", "\n") if is_read else None)


@pytest.mark.parametrize(
    ("letters", "controls", "is_read"),
    [(999, 0, True), (998, 1, False), (999, 1, True), (1997, 2, False), (1998, 2, True)],
)
def test_text_may_have_one_control_character_in_a_thousand(
    letters: int, controls: int, is_read: bool
) -> None:
    text = "x" * letters + "\x01" * controls
    assert (decode(text.encode()) is not None) is is_read


def test_a_truncated_wide_character_is_not_text() -> None:
    assert decode(b"a\0b") is None
    assert decode(b"a\0b\0c") is None
    assert decode(b"") == DecodedText("")
