"""A certificate authority for tests."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """A root certificate in `folder`.

    Attributes:
        pem, der: its certificate as files.
    """

    def __init__(self, folder: Path, *, days: int = 9) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Example Company Root")
        end = datetime.now(UTC) + days * DAY
        basic = x509.BasicConstraints(ca=True, path_length=None)
        # Python requires these from version 3.13 on.
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        key_identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self._certificate = (
            x509.CertificateBuilder(
                self._name, self._name, self._key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(end - 30 * DAY)
            .not_valid_after(end)
            .add_extension(basic, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(key_identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.pem, self.der = folder / "company.pem", folder / "company.cer"
        self.pem.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        self.der.write_bytes(self._certificate.public_bytes(serialization.Encoding.DER))

    def server(self, host: str = "127.0.0.1", *, days: int = 9) -> ssl.SSLContext:
        """Return a server's context with a certificate for `host`.

        The certificate expires in `days`. A negative number makes it expired already.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        end = datetime.now(UTC) + days * DAY
        made = (
            x509.CertificateBuilder(
                self._name, _named(host), key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(end - 20 * DAY)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([_general(host)]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
