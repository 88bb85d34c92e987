"""Certificate files: valid contents, and errors for invalid files."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from desktop_app.domain.errors import SettingError
from desktop_app.providers.http.trust import (
    MAX_CA_FILE_BYTES,
    CaFile,
    inspect_ca_file,
    read_ca_file,
    trusted_context,
)
from tests.helpers.certificates import Authority
from tests.helpers.linux_only import linux_only
from tests.helpers.pipe_trap import PipeTrap


@pytest.mark.parametrize("form", ["pem", "der"])
def test_an_authority_has_its_name_and_last_day(form: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    end = x509.load_pem_x509_certificate(authority.pem.read_bytes()).not_valid_after_utc
    found = inspect_ca_file(str(getattr(authority, form)))
    assert found == CaFile(1, "Example Company Root", end.date())


def test_several_authorities_are_counted_despite_text_between_them(tmp_path: Path) -> None:
    one = Authority(tmp_path).pem.read_bytes()
    two = Authority(tmp_path).pem.read_bytes()
    both = tmp_path / "both.crt"
    both.write_bytes(b"# Firma M\xfcller\r\n" + one + "# später\n".encode() + two)
    assert inspect_ca_file(str(both)) == CaFile(2)
    assert trusted_context(str(both)).cert_store_stats()["x509_ca"] >= 2


def test_a_file_with_only_a_server_certificate_has_no_authorities(tmp_path: Path) -> None:
    Authority(tmp_path).server()
    assert inspect_ca_file(str(tmp_path / "server.pem")) == CaFile(0)


def test_an_expired_authority_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="expired on"):
        inspect_ca_file(str(Authority(tmp_path, days=-2).pem))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hello", "no valid certificate"),
        (b"\x30\x82\x01\x02broken", "no valid certificate"),
        (b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", "a private key"),
        (b"-----BEGIN PGP MESSAGE-----\n", "doesn’t contain a certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no valid certificate"),
        (b"x" * (MAX_CA_FILE_BYTES + 1), "too large"),
    ],
    ids=["empty", "blank", "words", "cut", "key", "other", "damaged", "huge"],
)
def test_other_files_are_no_certificates(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "chosen.pem"
    path.write_bytes(content)
    with pytest.raises(SettingError) as caught:
        inspect_ca_file(str(path))
    assert says in caught.value.what_happened
    assert "chosen.pem" in caught.value.what_happened
    assert "PEM or DER" in caught.value.what_to_do


@pytest.mark.parametrize("name", ["", ".", "gone", "a\0b"])
def test_an_unreadable_file_is_no_certificate_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Couldn’t read"):
        read_ca_file(str(tmp_path / name))


@linux_only("named pipes in folders")
@pytest.mark.attack("imports")
def test_a_pipe_and_a_device_are_refused_unopened() -> None:
    with PipeTrap() as trap:
        for name in (str(trap.path), "/dev/zero"):
            with pytest.raises(SettingError, match="isn’t a regular file"):
                inspect_ca_file(name)
        assert not trap.was_opened()
