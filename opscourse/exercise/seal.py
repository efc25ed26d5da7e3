"""Sealed keys: an exercise can judge an answer that it does not know.

For each answer that a question knows (the right one, every likely mistake) the key holds one entry. The answer's part
and token go through scrypt with the question's salt; of the 48 bytes that come out, 16 are the entry's name and 32 the
key under which its verdict and sentence are encrypted. To check an answer is to hash it and to look whether an entry of
that name is there.

What sealing promises: a key can be read, printed and searched without meeting an answer or a sentence; the entries of
right and wrong answers look alike; nothing tells how near an attempt was; the same text under another company's key has
another hash.

What it does not promise: that nobody can find an answer by trying. A choice of four options needs four tries, a
proportion within ±0.005 some seventy, some 30 ms each; `check` would tell them the same. A column of a table must be
tried as a whole, but its hints (see Frame) spare those who know what the values can be three of four tries a cell. Nor
is a tick a proof of anything: it is made on the student's own machine. Marks are given elsewhere, by comparing the
answer itself with the truth.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from opscourse.errors import DataFileError
from opscourse.exercise.question import Find, Verdict

__all__ = ["finder", "sealed"]

NAME_BYTES, KEY_BYTES, NONCE_BYTES = 16, 32, 12
PAD = 64


def sealed(question: str, data: str, cost: int, entries: Mapping[tuple[str, str], Verdict]) -> dict[str, Any]:
    """Seal the entries of one question: (part, token) -> verdict. `data` is what identifies the company they belong to.

    The result is the same every time: the salt comes from question and data, the nonce from key and text (so that one
    nonce never meets two texts), and the order from the hashes.
    """
    salt = hashlib.sha256(f"opscourse {question} {data}".encode()).digest()[:16]
    plain = {at: json.dumps(verdict, ensure_ascii=False).encode() for at, verdict in entries.items()}
    length = -(-max(map(len, plain.values())) // PAD) * PAD
    boxes = {}
    for (part, token), verdict in plain.items():
        secret = _hash(part, token, salt, cost)
        boxes[secret[:NAME_BYTES].hex()] = _box(secret[NAME_BYTES:], verdict.ljust(length))
    return {"salt": salt.hex(), "cost": cost, "entries": dict(sorted(boxes.items()))}


def finder(seal: Mapping[str, Any]) -> Find:
    """Return the function that looks an answer up in a sealed question: (part, token) -> verdict, or None if it is unknown."""
    salt = bytes.fromhex(seal["salt"])

    def find(part: str, token: str) -> Verdict | None:
        secret = _hash(part, token, salt, seal["cost"])
        box = seal["entries"].get(secret[:NAME_BYTES].hex())
        try:
            return Verdict(*json.loads(_unbox(secret[NAME_BYTES:], box))) if box else None
        except Exception:
            raise DataFileError("The key of this exercise is damaged; get its file again from where it came.") from None

    return find


def _hash(part: str, token: str, salt: bytes, cost: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    kdf = Scrypt(salt=salt, length=NAME_BYTES + KEY_BYTES, n=2**cost, r=8, p=1)
    return kdf.derive(f"{part}\0{token}".encode())


def _box(key: bytes, text: bytes) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = hashlib.blake2b(text, key=key, digest_size=NONCE_BYTES).digest()
    return base64.b64encode(nonce + ChaCha20Poly1305(key).encrypt(nonce, text, None)).decode()


def _unbox(key: bytes, box: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    raw = base64.b64decode(box)
    return ChaCha20Poly1305(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None)
