"""Errors raised with their sentences."""

from desktop_app.domain.error_note import error_from_note, note_from_error
from desktop_app.domain.errors import ProviderError, StoreFullError
from desktop_app.i18n.translation import N_


def test_a_raised_sentence_is_filled() -> None:
    message, hint = (
        N_("The disk is too full to save {place}."),
        N_("Free up space, then try again."),
    )
    error = StoreFullError(message, hint, place="a/b")
    assert str(error) == "The disk is too full to save a/b."
    assert error.what_to_do == "Free up space, then try again."


def test_a_hint_names_a_place_of_the_window() -> None:
    error = ProviderError(
        N_("{provider} needs an API key."), hint=N_("Add one in {provider_page}.")
    )
    assert error.what_to_do == "Add one in Settings › Accounts."


def test_the_words_of_a_provider_follow_its_sentence() -> None:
    error = ProviderError(N_("{provider} denied access."), provider="Acme", words="Go away")
    assert error.what_happened == "Acme denied access: Go away"
    assert error.what_to_do == ""
    chinese = ProviderError("{provider} 拒绝了请求。", provider="Acme", words="Go away")
    assert chinese.what_happened == "Acme 拒绝了请求：Go away"


def test_foreign_words_with_braces_stay_as_they_are() -> None:
    assert str(ProviderError("a {b} c")) == "a {b} c"


def test_a_note_keeps_the_sentences() -> None:
    error = StoreFullError(N_("The disk is too full to save {place}."), place="a")
    note = note_from_error(error)
    assert note.code == "store_full"
    assert error_from_note(note).sentences == error.sentences
