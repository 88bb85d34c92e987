"""Trusted certificates: those of the system, and of a file that the user chose.

Verification cannot be turned off. If a company's proxy decrypts connections, the user chooses the
file with the proxy's authority (CA) for the provider that needs it. That authority is trusted in
addition to those of the system.

A context takes 20 to 30 ms to build, so it is built in a thread and shared by all connections to
providers with the same file.
"""

from __future__ import annotations

import os
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_

_CHOOSE_PEM: Final = N_("Choose a PEM or DER certificate file (.pem, .crt, .cer).")


MAX_CA_FILE_BYTES: Final = 4 * 1024 * 1024  # arbitrary: the system's bundle has about 200 KB

# Paths of certificates on Linux distributions, in case OpenSSL was built for a different one. The
# list is that of the library truststore.
_BUNDLES: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)

_lock = threading.Lock()
_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}


def trusted_context(ca_file: str = "") -> ssl.SSLContext:
    """Return a context that trusts the system's certificates and those of `ca_file`.

    Blocking. A context is built once for the same contents of `ca_file`.

    Raises:
        SettingError: `ca_file` or the file of SSL_CERT_FILE cannot be used.
        OSError: the system's certificates cannot be read.
    """
    extra_certificates = read_ca_file(ca_file) if ca_file else b""
    # OpenSSL finds the system's certificates by these variables.
    key = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), extra_certificates)
    with _lock:
        context = _contexts.get(key)
        if context is None:
            context = _system_context()
            if extra_certificates:
                # A certificate that the user chose is trusted even if it is not a root.
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
                context.load_verify_locations(cadata=_as_cadata(extra_certificates))
            _contexts[key] = context
        return context


def _system_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    named = os.environ.get("SSL_CERT_FILE")
    if named and not Path(named).is_file():
        raise SettingError(
            N_("The variable SSL_CERT_FILE names {file}, which doesn’t exist."),
            N_("Correct or remove it, then restart Repartee."),
            file=named,
        )
    paths = ssl.get_default_verify_paths()
    # The default folder of OpenSSL may be empty.
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        context.set_default_verify_paths()
    elif bundle := next((name for name in _BUNDLES if Path(name).is_file()), None):
        context.load_verify_locations(cafile=bundle)
    return context


def read_ca_file(path: str) -> bytes:
    """Return the contents of a file of certificates after checking them. Blocking.

    Raises:
        SettingError: it is missing or too large, or has no certificate.
    """

    def error(message: str, details: str = "") -> SettingError:
        return SettingError(message, _CHOOSE_PEM, details=details, file=Path(path).name)

    try:
        with open_file(Path(path)) as file:
            content = file.read(MAX_CA_FILE_BYTES + 1)
    except RefusedFileError as exc:
        raise error(exc.message).copy_with(params={**exc.params, "file": Path(path).name}) from exc
    except (OSError, ValueError) as exc:
        raise error(N_("Couldn’t read the certificate file {file}."), str(exc)) from exc
    if not content.strip():
        raise error(N_("The certificate file {file} is empty."))
    if len(content) > MAX_CA_FILE_BYTES:
        raise error(N_("{file} is too large for a certificate file."))
    if b"-----BEGIN" in content and b"-----BEGIN CERTIFICATE" not in content:
        # PEM of another kind: a private key, or a request for a certificate, for example.
        if b"PRIVATE KEY-----" in content:
            raise error(N_("{file} contains a private key, not a certificate."))
        raise error(N_("{file} doesn’t contain a certificate."))
    try:
        _context_of(content)
    except (ssl.SSLError, ValueError) as exc:
        raise error(N_("{file} contains no valid certificate."), str(exc)) from exc
    return content


@dataclass(frozen=True)
class CaFile:
    """The certificates in a file.

    Attributes:
        authorities: the number of CA certificates; 0 if the file has only other certificates, such
            as a server's.
        name: the name of the only authority; "" if there are several, or if it has no name.
        until: the last day of the only authority; None if there are several, or none.
    """

    authorities: int
    name: str = ""
    until: date | None = None


def inspect_ca_file(path: str) -> CaFile:
    """Return the authorities in a file of certificates. Blocking.

    Raises:
        SettingError: as `read_ca_file`; or every CA certificate in it has expired.
    """
    content = read_ca_file(path)
    certificates = _context_of(content).get_ca_certs()
    if not certificates:
        return CaFile(authorities=0)
    ends = [ssl.cert_time_to_seconds(str(certificate["notAfter"])) for certificate in certificates]
    until = datetime.fromtimestamp(max(ends), UTC)
    if until <= datetime.now(UTC):
        day = formatting.day(until)
        raise SettingError(
            N_("{file} contains a certificate that expired on {day}."),
            hint=_CHOOSE_PEM,
            file=Path(path).name,
            day=day,
        )
    if len(certificates) > 1:
        return CaFile(authorities=len(certificates))
    return CaFile(authorities=1, name=_name_of(certificates[0]), until=until.date())


def _context_of(content: bytes) -> ssl.SSLContext:
    """Return a context that trusts only `content`. Raises SSLError or ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=_as_cadata(content))
    return context


def _as_cadata(content: bytes) -> str | bytes:
    """Return the value for `cadata`: a text for PEM, and bytes for DER."""
    if b"-----BEGIN CERTIFICATE" not in content:
        return content
    # ssl takes only ASCII, but the comments between certificates may have any encoding.
    return content.decode("ascii", "replace").replace("\ufffd", "?")


def _name_of(certificate: object) -> str:
    subject = certificate["subject"] if isinstance(certificate, dict) else ()
    # ssl gives a subject as a tuple of groups, each a tuple of names with their values.
    names = {key: value for group in subject for key, value in group}
    return names.get("commonName") or names.get("organizationName") or ""
