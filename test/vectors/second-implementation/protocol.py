"""Members and coordinator of fedcar-secagg/4, from docs/protocol.md; see write.py."""

import hashlib
import struct
from fractions import Fraction

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from primitives import (
    H, Gaussian, Stream, add, agree, at_zero, b64, canonical, hkdf, labelled, pack, public, toeplitz, un64, unpack,
    value_at, words, xor,
)

V = "fedcar-secagg/4"


class Drawn:
    """Bytes that depend on a name; notes what it gave out."""

    def __init__(self, name):
        self.name, self.counter, self.given = name, 0, []

    def __call__(self, length=32):
        data = hashlib.sha256(f"{self.name}/{self.counter}".encode()).digest()[:length]
        self.counter += 1
        self.given.append(b64(data))
        return data


class Round:
    """What follows from parameters and roster."""

    def __init__(self, parameters, roster):
        self.p, self.roster = parameters, roster
        self.PH = H(f"{V} parameters", parameters).hex()
        self.ids = [member["id"] for member in roster["members"]]
        self.keys = {member["id"]: un64(member["key"]) for member in roster["members"]}
        graph, n = parameters["graph"], len(self.ids)
        if graph["kind"] == "complete":
            self.S = parameters["threshold"]
            near = {place: set(range(n)) - {place} for place in range(n)}
        else:
            self.S = graph["shareThreshold"]
            order = sorted(range(n), key=lambda place: H(f"{V} ring", [graph["seed"], place]).hex())
            half = graph["degree"] // 2
            near = {
                place: {order[(at + step) % n] for step in range(-half, half + 1)} - {place}
                for at, place in enumerate(order)
            }
        self.near = {self.ids[place]: [self.ids[q] for q in sorted(near[place])] for place in range(n)}
        self.variances = self._variances()

    def _variances(self):
        n, t, m, z = len(self.ids), self.p["threshold"], self.p["colluders"], self.p["noiseMultiplier"]
        self.tiers = [n]
        if z == 0 or t == n:
            return []
        count = min(3, n - t)
        self.tiers += [n - -(-j * (n - t) // count) for j in range(1, count + 1)]
        squared = Fraction(z) ** 2 * 10_201 * self.p["dimension"]
        upto = [-((-squared / (s - m)).__floor__()) for s in self.tiers]
        return [later - before for before, later in zip(upto, upto[1:])]

    def first_revealed(self, survivors):
        if not self.variances:
            return 0
        return next(j for j, s in enumerate(self.tiers) if s <= survivors)

    def place(self, member):
        return self.ids.index(member)

    def point(self, member):
        return self.place(member) + 1

    def holders(self, member, among):
        return [i for i in self.ids if i in among and (i == member or i in self.near[member])]

    def bound(self, purpose, *rest):
        return canonical([V, purpose, self.p["collection"], self.p["round"], self.PH, *rest]).encode()

    def derive(self, secret, purpose, *rest):
        return hkdf(secret, bytes.fromhex(self.PH), self.bound(purpose, *rest))

    def header(self, kind, attempt=None, **fields):
        base = {"kind": kind, "protocol": V, "parametersHash": self.PH}
        return base | ({} if attempt is None else {"attempt": attempt}) | fields

    def seed_hash(self, dealer, holder, share, blind):
        return b64(H(f"{V} seed share", [self.PH, dealer, holder, b64(share), b64(blind)]))

    def key_hash(self, dealer, holder, share):
        return b64(H(f"{V} key share", [self.PH, dealer, holder, b64(share)]))

    def challenge(self, attempt, dealer, commitments):
        return H(f"{V} share challenge", [self.PH, attempt, dealer, commitments])

    def surplus_hash(self, member, part, seed):
        return b64(H(f"{V} surplus", [self.PH, member, part, b64(seed)]))

    def parcel_bytes(self, attempt, dealer, to, parcel):
        names = ("box", "seedShareHash", "keyShareHash", "challenge", "check")
        body = {"parametersHash": self.PH, "attempt": attempt, "from": dealer, "to": to}
        return labelled(f"{V} parcel", body | {name: parcel[name] for name in names})

    def signed_bytes(self, message, lists=None):
        body = {name: value for name, value in message.items() if name != "signature"}
        if message["kind"] == "consistency":
            del body["keyShares"]
            body |= lists
        return labelled(f"{V} {message['kind']}", body)

    def verify(self, message, lists=None):
        key = Ed25519PublicKey.from_public_bytes(self.keys[message["sender"]])
        key.verify(un64(message["signature"]), self.signed_bytes(message, lists))

    def open_parcel(self, dealer, to, cipher_key, secret, parcel):
        """Both shares; None for a bad parcel, whatever is bad about it."""
        key = self.derive(agree(secret, un64(cipher_key)), "parcel key", dealer, to)
        associated = self.bound("parcel", dealer, to, parcel["seedShareHash"], parcel["keyShareHash"])
        box = un64(parcel["box"])
        try:
            plain = AESGCM(key).decrypt(box[:12], box[12:], associated)
        except InvalidTag:
            return None
        share, key_share = plain[:32], plain[32:]
        blind = xor(un64(parcel["check"]), toeplitz(un64(parcel["challenge"]), share))
        good = (
            self.seed_hash(dealer, to, share, blind) == parcel["seedShareHash"]
            and self.key_hash(dealer, to, key_share) == parcel["keyShareHash"]
        )
        return (share, key_share) if good else None

    def pair_mask(self, a, b, secret, key):
        low, high = sorted((a, b), key=self.place)
        return words(self.derive(agree(secret, key), "pair mask", low, high), 0, self.p["dimension"])

    def self_mask(self, member, seed):
        return words(self.derive(seed, "self mask", member), 0, self.p["dimension"])

    def surplus(self, member, part, seed):
        key = self.derive(seed, "surplus noise", member, str(part))
        gaussian, stream = Gaussian(self.variances[part]), Stream(key, 0)
        return [gaussian.sample(stream) for _ in range(self.p["dimension"])]


class Member:
    def __init__(self, rnd, name, identity, vector, cheats=()):
        self.r, self.id, self.vector, self.cheats = rnd, name, vector, cheats
        self.identity = Ed25519PrivateKey.from_private_bytes(identity)
        self.drawn = {}

    def draw(self, phase):
        source = Drawn(f"{self.r.p['round']} {self.id} {phase}")
        self.drawn[phase] = source.given
        return source

    def sign(self, message, lists=None):
        return message | {"signature": b64(self.identity.sign(self.r.signed_bytes(message, lists)))}

    def answer(self, message):
        return getattr(self, "on_" + message["kind"])(message)

    def on_invite(self, _):
        draw = self.draw("advertise")
        self.cipher, self.mask = draw(), draw()
        self.receive = {peer: draw() for peer in self.r.near[self.id]}
        keys = [b64(public(secret)) for secret in self.receive.values()]
        body = {"cipherKey": b64(public(self.cipher)), "maskKey": b64(public(self.mask)), "receiveKeys": keys}
        return self.sign(self.r.header("advertise", sender=self.id, **body))

    def on_advertisements(self, message):
        r, draw = self.r, self.draw("share")
        self.adverts = {advert["sender"]: advert for advert in message["advertisements"]}
        told = dict(zip(message["participants"], message["hashes"]))
        for sender, advert in self.adverts.items():
            r.verify(advert)
            assert b64(H(f"{V} advertisement", advert)) == told[sender]
        self.attempt = b64(H(f"{V} attempt", [r.PH, message["participants"], message["hashes"]]))
        self.seed = draw()
        f = [self.seed] + [draw() for _ in range(r.S - 1)]
        blind = [draw() for _ in range(r.S)]
        g = [self.mask] + [draw() for _ in range(r.S - 1)]
        holders = list(self.adverts)
        commitments = {}
        for to in holders:
            x = r.point(to)
            commitments[to] = {
                "seedShareHash": r.seed_hash(self.id, to, value_at(f, x), value_at(blind, x)),
                "keyShareHash": r.key_hash(self.id, to, value_at(g, x)),
            }
        order = [commitments[to]["seedShareHash"] for to in holders]
        challenge = r.challenge(self.attempt, self.id, order)
        check = [xor(b, toeplitz(challenge, a)) for a, b in zip(f, blind)]
        parcels = []
        for to in holders:
            if to == self.id:
                continue
            x, both = r.point(to), commitments[to]
            receive = un64(self.adverts[to]["receiveKeys"][r.near[to].index(self.id)])
            key = r.derive(agree(self.cipher, receive), "parcel key", self.id, to)
            associated = r.bound("parcel", self.id, to, both["seedShareHash"], both["keyShareHash"])
            nonce, shares = draw(12), value_at(f, x) + value_at(g, x)
            if to in self.cheats:
                shares = xor(shares, b"\x01" + bytes(63))
            box = nonce + AESGCM(key).encrypt(nonce, shares, associated)
            parcel = {"box": b64(box), **both}
            signed = parcel | {"challenge": b64(challenge), "check": b64(value_at(check, x))}
            signature = self.identity.sign(r.parcel_bytes(self.attempt, self.id, to, signed))
            parcels.append({"to": to, **parcel, "signature": b64(signature)})
        x = r.point(self.id)
        self.held = {self.id: (value_at(f, x), value_at(g, x))}
        body = {"own": commitments[self.id], "parcels": parcels, "check": [b64(c) for c in check]}
        return self.sign(r.header("share", self.attempt, sender=self.id, **body))

    def on_parcels(self, message):
        r, accused = self.r, []
        for parcel in message["parcels"]:
            dealer = parcel["from"]
            key = Ed25519PublicKey.from_public_bytes(r.keys[dealer])
            key.verify(un64(parcel["signature"]), r.parcel_bytes(self.attempt, dealer, self.id, parcel))
            secret = self.receive[dealer]
            shares = r.open_parcel(dealer, self.id, self.adverts[dealer]["cipherKey"], secret, parcel)
            if shares is None:
                accused.append({"dealer": dealer, "secret": b64(secret)})
            else:
                self.held[dealer] = shares
        return self.sign(r.header("checked", self.attempt, sender=self.id, accused=accused))

    def on_maskers(self, message):
        r, draw, maskers = self.r, self.draw("masked"), message["maskers"]
        assert len(maskers) >= r.p["threshold"] and all(i in self.held for i in r.holders(self.id, maskers))
        self.surplus = [draw() for _ in r.variances]
        out = list(self.vector)
        for part, seed in enumerate(self.surplus):
            add(out, r.surplus(self.id, part, seed))
        add(out, r.self_mask(self.id, self.seed))
        for peer in r.near[self.id]:
            if peer in maskers:
                sign = 1 if r.place(self.id) < r.place(peer) else -1
                add(out, r.pair_mask(self.id, peer, self.mask, un64(self.adverts[peer]["maskKey"])), sign)
        head = b"FCS\x02" + bytes.fromhex(r.PH) + struct.pack("<3I", r.place(self.id), 0, 1)
        self.frame = head + pack(out, r.p["bits"])
        body = {
            "frames": [b64(hashlib.sha256(self.frame).digest())],
            "surplus": [r.surplus_hash(self.id, part, seed) for part, seed in enumerate(self.surplus)],
        }
        return self.sign(r.header("masked", self.attempt, sender=self.id, **body))

    def on_survivors(self, message):
        self.lists = {name: message[name] for name in ("survivors", "dropped")}
        shares = [{"of": i, "share": b64(self.held[i][1])} for i in message["dropped"] if i in self.held]
        return self.sign(
            self.r.header("consistency", self.attempt, sender=self.id, keyShares=shares), self.lists
        )

    def on_signatures(self, message):
        assert len(message["signatures"]) >= self.r.S
        for signature in message["signatures"]:
            body = self.r.header("consistency", self.attempt, sender=signature["from"], keyShares=[])
            self.r.verify(body | {"signature": signature["signature"]}, self.lists)
        alive = self.lists["survivors"]
        shares = [{"of": i, "share": b64(self.held[i][0])} for i in alive if i in self.held]
        seeds = [b64(seed) for seed in self.surplus[self.r.first_revealed(len(alive)) :]]
        return self.sign(
            self.r.header("unmask", self.attempt, sender=self.id, seedShares=shares, surplusSeeds=seeds)
        )


class Coordinator:
    """Asks the members phase by phase, and unmasks from what they said alone."""

    def __init__(self, rnd, signed_roster, members):
        self.r, self.signed, self.members = rnd, signed_roster, members
        self.messages, self.exchanges, self.convicted = [], [], []

    def ask(self, to, message):
        reply = self.members[to].answer(message)
        if message["kind"] != "survivors":
            self.r.verify(reply)
        if message not in self.messages:
            self.messages.append(message)
        exchange = {"to": to, "message": self.messages.index(message), "reply": reply}
        if reply["kind"] == "masked":
            exchange["frame"] = b64(self.members[to].frame)
        self.exchanges.append(exchange)
        return reply

    def run(self, silent, unchecked, dropped):
        r = self.r
        invite = {"kind": "invite", "protocol": V, "parameters": r.p, "roster": self.signed, "chain": []}
        present = [i for i in r.ids if i not in silent]
        adverts = {i: self.ask(i, invite) for i in present}
        listed = [b64(H(f"{V} advertisement", adverts[i])) for i in present]
        shares = {}
        for i in present:
            seen = [adverts[holder] for holder in r.holders(i, present)]
            body = {"participants": present, "hashes": listed, "advertisements": seen}
            shares[i] = self.ask(i, r.header("advertisements", **body))
        checked = [i for i in present if i not in unchecked]
        for i in checked:
            parcels = self.parcels_for(i, present, shares)
            for accusation in self.ask(i, r.header("parcels", sharers=present, parcels=parcels))["accused"]:
                self.judge(i, accusation, adverts, parcels)
        maskers = [i for i in checked if i not in self.convicted]
        alive = [i for i in maskers if i not in dropped]
        masked = {i: self.ask(i, r.header("maskers", maskers=maskers)) for i in alive}
        lists = {"survivors": alive, "dropped": [i for i in maskers if i in dropped]}
        signed = {i: self.ask(i, r.header("survivors", **lists)) for i in alive}
        for message in signed.values():
            r.verify(message, lists)
        revealed = {}
        for i in alive:
            signers = r.holders(i, alive)[: r.S]
            signatures = [{"from": j, "signature": signed[j]["signature"]} for j in signers]
            revealed[i] = self.ask(i, r.header("signatures", signatures=signatures))
        return self.unmask(adverts, masked, signed, revealed, lists)

    def parcels_for(self, to, present, shares):
        r, parcels = self.r, []
        for dealer in r.holders(to, present):
            if dealer == to:
                continue
            dealt = shares[dealer]
            hashed = {p["to"]: p["seedShareHash"] for p in dealt["parcels"]}
            hashed[dealer] = dealt["own"]["seedShareHash"]
            order = [hashed[i] for i in r.holders(dealer, present)]
            challenge = r.challenge(dealt["attempt"], dealer, order)
            check = value_at([un64(c) for c in dealt["check"]], r.point(to))
            mine = next({**p} for p in dealt["parcels"] if p["to"] == to)
            del mine["to"]
            parcels.append({"from": dealer, **mine, "challenge": b64(challenge), "check": b64(check)})
        return parcels

    def judge(self, accuser, accusation, adverts, parcels):
        dealer, secret = accusation["dealer"], un64(accusation["secret"])
        key = adverts[accuser]["receiveKeys"][self.r.near[accuser].index(dealer)]
        parcel = next(p for p in parcels if p["from"] == dealer)
        opened = self.r.open_parcel(dealer, accuser, adverts[dealer]["cipherKey"], secret, parcel)
        true = b64(public(secret)) == key and opened is None
        self.convicted.append(dealer if true else accuser)

    def restore(self, dealer, answers, kind):
        found = {}
        for i, answer in answers.items():
            for share in answer[kind]:
                if share["of"] == dealer and len(found) < self.r.S:
                    found[self.r.point(i)] = un64(share["share"])
        assert len(found) == self.r.S
        return at_zero(found)

    def unmask(self, adverts, masked, signed, revealed, lists):
        r, total = self.r, [0] * self.r.p["dimension"]
        for i in masked:
            frame = self.members[i].frame
            add(total, unpack(frame[48:], r.p["bits"], len(total)))
            add(total, r.self_mask(i, self.restore(i, revealed, "seedShares")), -1)
        for gone in lists["dropped"]:
            secret = self.restore(gone, signed, "keyShares")
            assert b64(public(secret)) == adverts[gone]["maskKey"]
            for i in r.near[gone]:
                if i in lists["survivors"]:
                    added = 1 if r.place(i) < r.place(gone) else -1
                    add(total, r.pair_mask(gone, i, secret, un64(adverts[i]["maskKey"])), -added)
        first = r.first_revealed(len(lists["survivors"]))
        for i, answer in revealed.items():
            for at, seed in enumerate(answer["surplusSeeds"]):
                add(total, r.surplus(i, first + at, un64(seed)), -1)
        return [x % (1 << r.p["bits"]) for x in total]
