"""The client's side of the MySQL protocol, in a page, written apart from the server's code."""

import struct
from hashlib import sha1, sha256
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_public_key

NATIVE = b"mysql_native_password"
SHA2 = b"caching_sha2_password"
CLEAR = b"mysql_clear_password"

FOUND_ROWS, COMPRESS = 0x2, 0x20
WITH_DB, SSL, PLUGIN_AUTH, ATTRS, LENENC, DEPRECATE_EOF = 0x8, 0x800, 0x80000, 0x100000, 0x200000, 0x1000000
#: PROTOCOL_41, SECURE_CONNECTION, LONG_PASSWORD, TRANSACTIONS.
OLD = 0x200 | 0x8000 | 0x1 | 0x2000
#: What a library of today sets.
MODERN = OLD | PLUGIN_AUTH | LENENC


def frame(payload, sequence=0):
    """@return: a short payload in its frame."""
    return struct.pack("<I", len(payload))[:3] + bytes([sequence]) + payload


def frames(stream):
    """@return: the frames of a stream, as pairs of number and payload; nothing may be left over."""
    found = []
    while stream:
        size = struct.unpack("<I", stream[:3] + b"\0")[0]
        assert len(stream) >= 4 + size, "a frame is cut off"
        found.append((stream[3], stream[4 : 4 + size]))
        stream = stream[4 + size :]
    return found


def payloads(stream):
    """@return: the payloads of a stream of frames."""
    return [payload for _, payload in frames(stream)]


def xor(left, right):
    """@return: the exclusive or of two strings of one length."""
    number = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return number.to_bytes(len(left), "big")


def native(password, salt):
    """@return: the proof of mysql_native_password, as the manual defines it."""
    stage1 = sha1(password).digest()
    stage2 = sha1(stage1).digest()
    return xor(stage1, sha1(salt + stage2).digest())


def sha2(password, salt):
    """@return: the proof of caching_sha2_password, as the manual defines it."""
    stage1 = sha256(password).digest()
    stage2 = sha256(stage1).digest()
    return xor(stage1, sha256(stage2 + salt).digest())


def veiled(password, salt, pem):
    """@return: the answer to a request for the password, under the public key of the server."""
    mask = (salt * 10)[: len(password) + 1]
    oaep = padding.OAEP(padding.MGF1(SHA1()), SHA1(), None)
    return load_pem_public_key(pem).encrypt(xor(password + b"\0", mask), oaep)


PROOFS = {NATIVE: native, SHA2: sha2}


def read_greeting(payload):
    """@return: the fields of a greeting."""
    end = payload.index(b"\0")
    number, first, low, charset, status, high, size, second = struct.unpack_from(
        "<I8sxHBHHB10x13s", payload, end + 1
    )
    assert size == 21 and second[12] == 0
    return SimpleNamespace(
        protocol=payload[0],
        version=payload[1:end],
        number=number,
        salt=first + second[:12],
        flags=high << 16 | low,
        charset=charset,
        status=status,
        plugin=payload[end + 1 + struct.calcsize("<I8sxHBHHB10x13s") :].rstrip(b"\0"),
    )


def short(data):
    """@return: a string of less than 251 bytes with its length in front."""
    assert len(data) < 251
    return bytes([len(data)]) + data


def tls_request(flags=MODERN):
    """@return: the payload that asks for TLS."""
    return struct.pack("<IIB23x", flags | SSL, 1 << 24, 45)


def login(user=b"root", response=b"", flags=MODERN, database=b"", plugin=NATIVE, tail=b""):
    """@return: the payload of a handshake response."""
    return b"".join(
        (
            struct.pack("<IIB23x", flags, 1 << 24, 45),
            user + b"\0",
            short(response),
            database + b"\0" if flags & WITH_DB else b"",
            plugin + b"\0" if flags & PLUGIN_AUTH else b"",
            tail,
        )
    )


def read_switch(payload):
    """@return: the plugin and the salt of a request to switch."""
    assert payload[0] == 0xFE and payload[-1] == 0
    plugin, _, salt = payload[1:-1].partition(b"\0")
    return plugin, salt


def read_error(payload):
    """@return: number, SQLSTATE and text of an error."""
    assert payload[0] == 0xFF, payload
    number = struct.unpack_from("<H", payload, 1)[0]
    if payload[3:4] == b"#":
        return number, payload[4:9].decode(), payload[9:].decode()
    return number, None, payload[3:].decode()


def read_strings(payload):
    """@return: the strings that a payload consists of; C{None} for NULL."""
    found, at = [], 0
    while at < len(payload):
        size, at = payload[at], at + 1
        if size == 0xFB:
            found.append(None)
            continue
        if size > 0xFB:
            width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[size]
            size, at = int.from_bytes(payload[at : at + width], "little"), at + width
        found.append(payload[at : at + size])
        at += size
    return found


def read_column(payload):
    """@return: the fields of a column definition."""
    *names, fixed = read_strings(payload[: payload.index(b"\x0c", 4) + 13])[:7]
    charset, length, kind, flags, decimals = struct.unpack("<HIBHBxx", fixed)
    catalog, schema, table, table_too, name, name_too = names
    assert (table, name) == (table_too, name_too)
    return SimpleNamespace(
        catalog=catalog,
        schema=schema,
        table=table,
        name=name,
        charset=charset,
        length=length,
        kind=kind,
        flags=flags,
        decimals=decimals,
    )


def read_rows(stream, deprecate_eof=False):
    """@return: the names of the columns and the rows of a result set."""
    count, *rest = payloads(stream)
    columns = [read_column(payload).name for payload in rest[: count[0]]]
    rows = rest[count[0] :]
    if not deprecate_eof:
        assert rows[0][0] == 0xFE and len(rows[0]) == 5
        del rows[0]
    end = rows.pop()
    assert end[0] == 0xFE and len(end) == (7 if deprecate_eof else 5)
    return columns, [read_strings(row) for row in rows]
