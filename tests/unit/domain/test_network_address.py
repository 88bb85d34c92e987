"""Hosts that may be reached without encryption, and valid proxy addresses."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.errors import SettingError
from desktop_app.domain.network.network_address import (
    is_loopback,
    is_private,
    parse_proxy,
    split_credentials,
    split_proxy_password,
    unencrypted_private_host,
)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "::1", "10.1.2.3", "192.168.1.5", "fd00::1", "nas", "a.local"],
)
def test_hosts_of_private_networks_are_private(host: str) -> None:
    assert is_private(host)


@pytest.mark.parametrize("host", ["", "example.com", "8.8.8.8", "2001:4860::8888", "local.com"])
def test_public_hosts_are_not_private(host: str) -> None:
    assert not is_private(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "x.localhost"])
def test_names_of_this_computer_are_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "nas", "localhost.example.com"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://192.168.1.5:11434/v1", "192.168.1.5"),
        ("http://nas/v1", "nas"),
        ("http://[fd00::1]:80/v1", "fd00::1"),
        ("https://192.168.1.5/v1", ""),
        ("http://localhost:1/v1", ""),
        ("http://example.com/v1", ""),
        ("http://[x/v1", ""),
        ("", ""),
    ],
)
def test_only_private_hosts_without_encryption_need_confirmation(url: str, host: str) -> None:
    assert unencrypted_private_host(url) == host


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("p:3128", "http://p:3128"),
        (" http://p ", "http://p:80"),
        ("https://p", "https://p:443"),
        ("socks://p", "socks5://p:1080"),
        ("socks5h://[::1]:9", "socks5h://[::1]:9"),
        ("http://p:8080/ignored?x", "http://p:8080"),
    ],
)
def test_proxies_without_a_user_are_parsed(text: str, url: str) -> None:
    assert parse_proxy(text).url == url
    assert parse_proxy(text).user == ""


@pytest.mark.parametrize(
    "text", ["", "http://", "gopher://p:1", "socks4://p:1", "http://a b:1", "http://p:99999", "::"]
)
def test_wrong_proxies_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_proxy(text)
    assert "http://host:3128" in caught.value.what_to_do


def test_a_sentence_never_repeats_a_password() -> None:
    with pytest.raises(SettingError) as caught:
        parse_proxy("ftp://me:hush@p:1")
    assert "hush" not in repr(caught.value) + caught.value.sentences + caught.value.details


@given(st.text(min_size=1), st.text())
def test_a_proxy_has_its_user_and_password_apart_from_its_address(user: str, password: str) -> None:
    login = f"{quote(_utf8(user), safe='')}:{quote(_utf8(password), safe='')}"
    found = parse_proxy(f"http://{login}@p:1")
    assert (found.user, found.password) == (_utf8(user), _utf8(password))
    assert found.url == "http://p:1"
    again = parse_proxy(found.url_with_user)
    assert (again.url, again.user, again.password) == (found.url, found.user, "")
    assert repr(found) == repr(again)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@pytest.mark.attack("secrets")
@pytest.mark.parametrize(
    ("url", "bare", "login"),
    [
        ("https://h/v1", "https://h/v1", ""),
        ("https://h:8/v1/@org", "https://h:8/v1/@org", ""),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1", ""),
        ("", "", ""),
        ("https://user:word@h/v1", "https://h/v1", "user:word"),
        ("https://token@h/v1", "https://h/v1", "token:"),
        ("https://:word@h", "https://h", ":word"),
        ("https://us%40er:w%3Ard@h:8/v1", "https://h:8/v1", "us@er:w:rd"),
        ("https://user:wo@rd@h/v1", "https://h/v1", "user:wo@rd"),
        ("https://user:wo/rd@h/v1", "https://h/v1", "user:wo/rd"),
        ("https://user:wo?rd#@h/v1", "https://h/v1", "user:wo?rd#"),
        ("user:word@h/v1", "h/v1", "user:word"),
        ("https://h/v1?api_key=word", "https://h/v1", ""),
        ("https://h/v1#word", "https://h/v1", ""),
        ("https://user:word@h/v1?key=a@b", "https://h/v1", "user:word"),
    ],
)
def test_the_login_is_taken_out_of_an_address(url: str, bare: str, login: str) -> None:
    assert split_credentials(url) == (bare, login)
    assert split_credentials(bare) == (bare, "")


@pytest.mark.attack("secrets")
@given(
    st.text("abcXYZ019-._~!$&'()*+,;=é", min_size=8),
    st.sampled_from(["https://", "http://", "socks5://", ""]),
    st.sampled_from(["", ":80", "/v1", ":80/v1"]),
)
def test_no_password_stays_in_an_address(word: str, scheme: str, end: str) -> None:
    for login in (f"user:{word}@", f"{word}@", f":{word}@"):
        assert word not in split_credentials(f"{scheme}{login}h.example{end}")[0]
    for query in (f"?api_key={word}", f"#{word}"):
        assert word not in split_credentials(f"{scheme}h.example{end}{query}")[0]
        assert word not in split_proxy_password(f"{scheme}h.example{end}{query}")[0]
    assert split_proxy_password(f"{scheme}user:{word}@h.example{end}")[1] == word
    assert word not in split_proxy_password(f"{scheme}user:{word}@h.example{end}")[0]


@pytest.mark.parametrize(
    ("text", "bare", "password"),
    [
        ("", "", ""),
        ("none", "none", ""),
        ("socks5://me@p", "socks5://me@p", ""),
        ("http://me:word@p:3128", "http://me@p:3128", "word"),
        ("http://me:word@p:3128?x", "http://me@p:3128", "word"),
        ("gopher://me:word@p", "gopher://p", "word"),
    ],
)
def test_the_password_is_taken_out_of_a_proxy(text: str, bare: str, password: str) -> None:
    assert split_proxy_password(text) == (bare, password)
