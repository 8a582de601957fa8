"""Certificates made on the spot: an authority, and one that it has signed, for Dask's TLS."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT


@dataclass(frozen=True)
class Files:
    """PEM files of one authority."""

    authority: Path
    certificate: Path
    key: Path


def made(folder: Path) -> Files:
    """Certificates by the manual's own commands, where openssl is here; else as `make`."""
    if not shutil.which("openssl"):
        return make(folder)
    folder.mkdir(parents=True)
    manual = (ROOT / "docs" / "farm.md").read_text(encoding="utf-8")
    commands = [line for line in manual.splitlines() if line.startswith("openssl ")]
    assert len(commands) == 3
    for command in commands:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return Files(*(folder / name for name in ("ca.pem", "farm.pem", "farm.key")))


def make(folder: Path) -> Files:
    """Make an authority and a certificate for all of a farm, valid for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.timezone.utc)

    def name_of(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def signed(subject: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey):
        return (
            x509.CertificateBuilder()
            .subject_name(name_of(subject))
            .issuer_name(name_of("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=key is by, path_length=None), critical=True)
            .sign(by, hashes.SHA256())
        )

    folder.mkdir(parents=True)
    authority, farm = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    files = Files(folder / "ca.pem", folder / "farm.pem", folder / "farm.key")
    pem = serialization.Encoding.PEM
    files.authority.write_bytes(signed("authority", authority, authority).public_bytes(pem))
    files.certificate.write_bytes(signed("farm", farm, authority).public_bytes(pem))
    files.key.write_bytes(
        farm.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    return files
