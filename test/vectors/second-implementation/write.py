"""
A second implementation of fedcar-secagg/4, members and coordinator, made from docs/protocol.md alone ("On the wire").
It writes whole rounds down, which test/unit/shared/secagg/transcript.test.ts replays through the first one.

    pip install cryptography==48.0.0
    python3 test/vectors/second-implementation/write.py && npx biome format --write test/vectors

It draws from SHA-256 in counter mode, so that it writes the same files each time.
"""

import hashlib
import json
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from primitives import H, Gaussian, Stream, add, b64, labelled, words
from protocol import V, Coordinator, Drawn, Member, Round

FRAME = 262_144


def signed_roster(admin, members, threshold, colluders):
    roster = {
        "version": 4,
        "collection": "help",
        "epoch": 0,
        "previous": None,
        "members": members,
        "threshold": threshold,
        "colluders": colluders,
    }
    signature = Ed25519PrivateKey.from_private_bytes(admin).sign(labelled("fedcar-roster/4 signature", roster))
    return {"roster": roster, "signature": b64(signature)}


COMPLETE = {"kind": "complete", "security": "malicious-server"}


def transcript(name, size, dimension, bits, graph=COMPLETE, noise=0, colluders=0, apart=False, silent=(), unchecked=(), dropped=(), cheats=None):
    seed = lambda what: hashlib.sha256(f"{name} {what}".encode()).digest()
    key = lambda secret: b64(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
    ids = [f"region-{place}" for place in range(size)]
    threshold = max(2 * size // 3, (size + colluders) // 2, colluders) + 1
    members = [{"id": i, "key": key(seed(i)), "operator": i if apart else "@deployment"} for i in ids]
    admin = seed("admin")
    signed = signed_roster(admin, members, threshold, colluders)
    parameters = {
        "protocol": V,
        "collection": "help",
        "round": f"{name}:1",
        "rosterHash": H("fedcar-roster/4", signed["roster"]).hex(),
        "modelHash": seed("model").hex(),
        "taskHash": seed("task").hex(),
        "samplingRate": 0.2,
        "noiseMultiplier": noise,
        "clipNorm": 1,
        "gridStep": 1 / (100 * dimension**0.5),
        "dimension": dimension,
        "bits": bits,
        "threshold": threshold,
        "colluders": colluders,
        "graph": graph,
    }
    rnd = Round(parameters, signed["roster"])
    vectors = {}
    for i in ids:
        draw = Drawn(f"{name} {i} vector")
        vectors[i] = struct.unpack(f"<{dimension}I", b"".join(draw(4) for _ in range(dimension)))
    cheats = cheats or {}
    people = {i: Member(rnd, i, seed(i), vectors[i], cheats.get(i, ())) for i in ids}
    coordinator = Coordinator(rnd, signed, people)
    total = coordinator.run(silent, unchecked, dropped)
    out = [*silent, *unchecked, *dropped, *coordinator.convicted]
    alive = [i for i in ids if i not in out]
    expected = [0] * dimension
    kept = rnd.first_revealed(len(alive))
    for i in alive:
        add(expected, vectors[i])
        for part in range(kept):
            add(expected, rnd.surplus(i, part, people[i].surplus[part]))
    expected = [x % (1 << bits) for x in expected]
    assert total == expected and coordinator.convicted == list(cheats)
    pack = lambda vector: b64(struct.pack(f"<{dimension}I", *vector))
    written = {
        "admin": key(admin),
        "parametersHash": rnd.PH,
        "silent": list(silent),
        "unchecked": list(unchecked),
        "dropped": list(dropped),
        "convicted": coordinator.convicted,
        "keptParts": kept,
        "members": [
            {"id": i, "identity": b64(seed(i)), "vector": pack(vectors[i]), "drawn": people[i].drawn} for i in ids
        ],
        "messages": coordinator.messages,
        "exchanges": coordinator.exchanges,
        "sum": pack(total),
    }
    if noise:
        secret = seed("stream")
        far = {"first": FRAME, "words": list(words(secret, FRAME // 4, 8))}
        second = Stream(secret, 1)
        written["streams"] = {
            "key": b64(secret),
            "mask": far,
            "frame": {"index": 1, "words": [second.next() for _ in range(8)]},
            "samples": [
                {"variance": variance, "values": sampled(secret, variance)} for variance in (1, 7, 300, 20_000, 10**9)
            ],
        }
    path = pathlib.Path(__file__).parent.parent / f"python-secagg-4-{name}.json"
    path.write_text(json.dumps(written, indent=1) + "\n")


def sampled(key, variance):
    gaussian, stream = Gaussian(variance), Stream(key, 0)
    return [gaussian.sample(stream) for _ in range(40)]


ring = {
    "kind": "k-regular",
    "security": "semi-honest",
    "degree": 4,
    "shareThreshold": 3,
    "seed": b64(hashlib.sha256(b"ring").digest()),
}
transcript("complete", 7, 20, 32, silent=["region-1"], dropped=["region-4"])
transcript("sparse", 7, 20, 23, graph=ring, silent=["region-2"], dropped=["region-5"])
transcript("noise", 7, 24, 21, noise=2, colluders=1, apart=True, dropped=["region-3"])
transcript("accusation", 7, 20, 9, unchecked=["region-4"], cheats={"region-2": ["region-0"]})
