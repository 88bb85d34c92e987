"""The system's spelling dictionaries, through the library Enchant if it is installed.

Enchant finds the dictionaries of Hunspell, Aspell and others, and stores the user's own words in
files that it shares with other programs. It is called through ctypes, because nine functions do
not justify a package. Its file name is fixed: `ctypes.util.find_library` starts a process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import Final

from desktop_app.domain.prose_words import script_of
from desktop_app.i18n.formatting import script_of_language

LIBRARY: Final = "libenchant-2.so.2"
PACKAGES: Final = "libenchant-2-2 hunspell-en-us"
"""The Debian packages of the library and of a dictionary."""
MAX_SUGGESTIONS: Final = 6
_FALLBACK_CODE: Final = "en_US"


class Dictionaries:
    """Spelling dictionaries of several languages, for one thread at a time.

    Loading a dictionary takes 40 to 100 ms and 8 to 17 MB, so none is loaded before it is needed.

    Raises:
        OSError: the library is not installed.
    """

    def __init__(self) -> None:
        self._library = _load_library()
        self._broker = ctypes.c_void_p(self._library.enchant_broker_init())
        self._dictionary_by_code: dict[str, ctypes.c_void_p] = {}

    def languages(self) -> list[str]:
        """Return the sorted codes of the installed dictionaries, such as "de_DE"."""
        codes: set[str] = set()
        callback = _DICTIONARY_CALLBACK(lambda code, *_: codes.add(code.decode()))
        self._library.enchant_broker_list_dicts(self._broker, callback, None)
        return sorted(codes)

    def misspelled(self, words: Iterable[str], languages: Sequence[str]) -> set[str]:
        """Return the words that no dictionary of their script has.

        Words of a script without a dictionary are left out.
        """
        misspelled_words: set[str] = set()
        for word in words:
            dictionaries = self._dictionaries_for(languages, word)
            check = self._library.enchant_dict_check  # returns 0 for a known word
            if dictionaries and all(check(each, *_encoded(word)) for each in dictionaries):
                misspelled_words.add(word)
        return misspelled_words

    def suggestions(self, word: str, languages: Sequence[str]) -> list[str]:
        """Return replacements for a word, the best of each language in turn."""
        dictionaries = self._dictionaries_for(languages, word)
        lists = [self._suggest(dictionary, word) for dictionary in dictionaries]
        in_turn = filter(None, chain.from_iterable(zip_longest(*lists)))
        return list(dict.fromkeys(in_turn))[:MAX_SUGGESTIONS]

    def add(self, word: str, languages: Sequence[str]) -> None:
        """Add a word to the user's own list of the first language of its script."""
        if dictionaries := self._dictionaries_for(languages, word):
            self._library.enchant_dict_add(dictionaries[0], *_encoded(word))

    def close(self) -> None:
        for dictionary in self._dictionary_by_code.values():
            self._library.enchant_broker_free_dict(self._broker, dictionary)
        self._dictionary_by_code.clear()
        self._library.enchant_broker_free(self._broker)

    def _dictionaries_for(self, languages: Sequence[str], word: str) -> list[ctypes.c_void_p]:
        """Return the dictionaries of the languages that are written in the word's script."""
        suitable_codes = [code for code in languages if script_of_language(code) == script_of(word)]
        for code in suitable_codes:
            if code not in self._dictionary_by_code:
                handle = self._library.enchant_broker_request_dict(self._broker, code.encode())
                self._dictionary_by_code[code] = ctypes.c_void_p(handle)
        return [
            self._dictionary_by_code[code]
            for code in suitable_codes
            if self._dictionary_by_code[code].value
        ]

    def _suggest(self, dictionary: ctypes.c_void_p, word: str) -> list[str]:
        count = ctypes.c_size_t()
        strings = self._library.enchant_dict_suggest(
            dictionary, *_encoded(word), ctypes.byref(count)
        )
        if not strings:
            return []
        suggestions = [strings[index].decode() for index in range(count.value)]
        self._library.enchant_dict_free_string_list(dictionary, strings)
        return suggestions


_DICTIONARY_CALLBACK: Final = ctypes.CFUNCTYPE(
    None, *(ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
)


def _load_library() -> ctypes.CDLL:
    library = ctypes.CDLL(LIBRARY)
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ssize_t
    library.enchant_broker_init.restype = pointer
    library.enchant_broker_request_dict.restype = pointer
    library.enchant_dict_suggest.restype = ctypes.POINTER(text)
    for name, arguments in {
        "broker_request_dict": [pointer, text],
        "broker_list_dicts": [pointer, _DICTIONARY_CALLBACK, pointer],
        "broker_free_dict": [pointer, pointer],
        "broker_free": [pointer],
        "dict_check": [pointer, text, size],
        "dict_add": [pointer, text, size],
        "dict_suggest": [pointer, text, size, ctypes.POINTER(ctypes.c_size_t)],
        "dict_free_string_list": [pointer, ctypes.POINTER(text)],
    }.items():
        getattr(library, f"enchant_{name}").argtypes = arguments
    return library


def _encoded(word: str) -> tuple[bytes, int]:
    encoded = word.encode()
    return encoded, len(encoded)


def choose_dictionaries(installed: Sequence[str], wanted_codes: Iterable[str]) -> list[str]:
    """Return the installed dictionary for each of the wanted languages ("de_AT", "de").

    The best is that of the wanted country. Next come that of the country named like the language
    ("de_DE"), en_US for English, and the first of the language. If no wanted language has one, the
    result is en_US, if installed.
    """
    chosen: dict[str, str] = {}
    for code in wanted_codes:
        language = code.partition("_")[0]
        usual_code = f"{language}_{language.upper()}"
        of_language = [
            candidate for candidate in installed if candidate.partition("_")[0] == language
        ]
        for candidate in (code, usual_code, _FALLBACK_CODE, *of_language):
            if candidate in of_language:
                chosen.setdefault(language, candidate)
    return list(chosen.values()) or [code for code in installed if code == _FALLBACK_CODE]
