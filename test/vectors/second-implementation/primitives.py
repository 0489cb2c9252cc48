"""
Primitives of fedcar-secagg/4, from docs/protocol.md ("On the wire") and the standards that it names: spellings, hashes,
keys, GF(2^16), streams, and the discrete Gaussian in decimal arithmetic.
"""

import base64
import hashlib
import json
import struct
from decimal import Decimal, getcontext
from math import isqrt

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

getcontext().prec = 80


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def un64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value):
    """RFC 8785 for what occurs here: names in ASCII, and numbers that Python and ECMAScript spell alike."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def labelled(label, value):
    return label.encode() + b"\0" + canonical(value).encode()


def H(label, value):
    return hashlib.sha256(labelled(label, value)).digest()


def hkdf(secret, salt, info, length=32):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def agree(secret, key):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(key))


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


# GF(2^16) by logarithms; x generates the field.
EXP, LOG = [0] * 131_070, [0] * 65_536
_x = 1
for _i in range(65_535):
    EXP[_i] = EXP[_i + 65_535] = _x
    LOG[_x] = _i
    _x <<= 1
    if _x & 0x10000:
        _x ^= 0x1002D


def times(a, b):
    return EXP[LOG[a] + LOG[b]] if a and b else 0


def elements(data):
    return struct.unpack("<16H", data)


def packed(values):
    return struct.pack("<16H", *values)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def value_at(coefficients, point):
    value = [0] * 16
    for coefficient in reversed(coefficients):
        value = [times(v, point) ^ c for v, c in zip(value, elements(coefficient))]
    return packed(value)


def at_zero(shares):
    """The secret from {point: share}."""
    total = [0] * 16
    for xi, share in shares.items():
        factor = 1
        for xj in shares:
            if xj != xi:
                factor = times(factor, times(xj, EXP[65_535 - LOG[xi ^ xj]]))
        total = [s ^ times(factor, e) for s, e in zip(total, elements(share))]
    return packed(total)


def toeplitz(challenge, share):
    delta = struct.unpack("<31H", hkdf(challenge, None, b"fedcar share check", 62))
    column = elements(share)
    out = []
    for row in range(16):
        total = 0
        for c in range(16):
            total ^= times(delta[15 + row - c], column[c])
        out.append(total)
    return packed(out)


def pack(coordinates, bits):
    """Coordinate i in bits i·b … of the bytes, the least significant first."""
    number = sum((x % (1 << bits)) << (at * bits) for at, x in enumerate(coordinates))
    return number.to_bytes((len(coordinates) * bits + 7) // 8, "little")


def unpack(data, bits, count):
    number = int.from_bytes(data, "little")
    return [(number >> (at * bits)) % (1 << bits) for at in range(count)]


def words(key, first_counter, count):
    """Words of a stream from a block of AES on."""
    cipher = Cipher(algorithms.AES(key), modes.CTR(first_counter.to_bytes(16, "big"))).encryptor()
    return struct.unpack(f"<{count}I", cipher.update(bytes(4 * count)))


class Stream:
    def __init__(self, key, frame):
        self.key, self.counter, self.at = key, frame << 64, []

    def next(self):
        if not self.at:
            self.at = list(words(self.key, self.counter, 4))
            self.counter += 1
        return self.at.pop(0)


class Gaussian:
    """The discrete Gaussian of an integer variance, drawn as the page says."""

    def __init__(self, variance):
        self.variance = variance
        self.width = 2 ** max(0, isqrt(variance).bit_length() - 7)
        weights, k = [], 0
        while True:
            weight = (Decimal(-((k * self.width) ** 2)) / (2 * variance)).exp()
            if weight < Decimal(10) ** -70:
                break
            weights.append(weight)
            k += 1
        total, so_far, self.steps = sum(weights), Decimal(0), []
        for weight in weights:
            so_far += weight
            self.steps.append(so_far / total)

    @staticmethod
    def _cell(stream, digits, bits):
        return (digits << 32) | stream.next(), bits + 32

    def _block(self, stream):
        digits, bits = self._cell(stream, 0, 0)
        while True:
            low, high = Decimal(digits) / 2**bits, Decimal(digits + 1) / 2**bits
            first = next(k for k, step in enumerate(self.steps) if low < step)
            if high <= self.steps[first]:
                return first
            digits, bits = self._cell(stream, digits, bits)

    def _below(self, stream, excess):
        chance = (Decimal(-excess) / (2 * self.variance)).exp()
        digits, bits = self._cell(stream, 0, 0)
        while True:
            if Decimal(digits + 1) / 2**bits <= chance:
                return True
            if Decimal(digits) / 2**bits >= chance:
                return False
            digits, bits = self._cell(stream, digits, bits)

    def sample(self, stream):
        while True:
            k = self._block(stream)
            word = stream.next()
            j = (word >> 1) % self.width
            if j and not self._below(stream, j * (2 * k * self.width + j)):
                continue
            magnitude = k * self.width + j
            if word & 1 and magnitude == 0:
                continue
            return -magnitude if word & 1 else magnitude


def add(total, more, sign=1):
    for i, word in enumerate(more):
        total[i] = (total[i] + sign * word) % 2**32
