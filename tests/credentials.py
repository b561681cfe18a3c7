"""Signs pictures with C2PA manifests, with throw-away certificates made here: an authority, and a signer below it."""

from __future__ import annotations

import datetime
import io
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from c2pa import Builder, C2paSignerInfo, Context, Settings, Signer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Identity:
    """Who signs. chain: PEM, the signer's certificate and that of its authority. authority: PEM of the latter alone."""

    chain: str
    key: str
    authority: str


@cache
def identity() -> Identity:
    """A signer "Test Signer" of "Throw-away Studio", made once for a run of the tests."""
    authority_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = _name("Throw-away Authority", "Throw-away Root CA")
    authority = (
        _certificate(authority_name, authority_name, authority_key, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    signer = (
        _certificate(_name("Throw-away Studio", "Test Signer"), authority_name, signer_key, authority_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = signer_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    root = authority.public_bytes(pem).decode()
    return Identity(signer.public_bytes(pem).decode() + root, key.decode(), root)


def signed(picture: bytes, mime: str, actions: list[dict[str, Any]], parent: bytes | None = None) -> bytes:
    """The picture with a manifest of these actions; ``parent``: a picture of the same type it was made from."""
    settings = Settings.from_dict(
        {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
    )
    manifest = {
        "claim_generator_info": [{"name": "Test Generator", "version": "1.0"}],
        "title": "a picture",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}],
    }
    who = identity()
    signer = Signer.from_info(C2paSignerInfo("es256", who.chain.encode(), who.key.encode(), None))
    target = io.BytesIO()
    with Builder(json.dumps(manifest), Context(settings)) as builder:
        if parent is not None:
            builder.add_ingredient({"title": "before", "relationship": "componentOf"}, mime, io.BytesIO(parent))
        builder.sign(signer, mime, io.BytesIO(picture), target)
    return target.getvalue()


def created(source_type: str, agent: str = "Test Generator") -> dict[str, Any]:
    """A ``c2pa.created`` action."""
    return {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + source_type, "softwareAgent": {"name": agent}}


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )


def _usage(certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
