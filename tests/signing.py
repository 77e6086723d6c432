"""Keys to sign tokens with, made once for all tests: real ones, of every kind."""

from __future__ import annotations

import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

RSA_KEY = rsa.generate_private_key(65537, 2048)
P256_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()

#: A private key for each algorithm that has one.
ALGORITHM_KEYS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA_KEY),
    "ES256": P256_KEY,
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "ES256K": ec.generate_private_key(ec.SECP256K1()),
    "EdDSA": ED_KEY,
}


def pem_of(key):
    """@return: a public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem_of(key):
    """@return: a private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def jwk_of(algorithm, **more):
    """@return: the public key of an algorithm as an entry of a JSON Web Key Set."""
    public = ALGORITHM_KEYS[algorithm].public_key()
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(public)
    return json.loads(made) | more


def set_of(*entries):
    """@return: a JSON Web Key Set."""
    return json.dumps({"keys": entries}).encode()
