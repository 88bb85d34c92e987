"""A proxy that leads every TLS connection to a local server instead of real providers.

Requests of the command to api.openai.com reach only the test.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.helpers.proxies import LOOPBACK, HttpProxy

HOSTS = ("api.openai.com", "api.cometapi.com")


def certificate(folder: Path) -> Path:
    """Return a self-signed certificate for `HOSTS`, with its private key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "of the test")])
    begin = datetime.now(UTC) - timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=9))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def server_context(path: Path) -> ssl.SSLContext:
    """Return a server context with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


class Interception(HttpProxy):
    """An HTTP proxy on loopback, which leads to a port of this computer.

    Attributes:
        environment: variables that lead a command to this proxy, and make it trust the certificate.
    """

    def __init__(self, port: int, trusted: Path) -> None:
        super().__init__(upstream=f"http://{LOOPBACK}:{port}")
        self._trusted = trusted

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.environment = {"ALL_PROXY": self.url, "SSL_CERT_FILE": str(self._trusted)}
        return self
