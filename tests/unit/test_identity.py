"""Keys and tokens: what is let in, and the ways of getting in without one that are known from elsewhere."""

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.identity import Person, key_id_of, new_key
from shared.tokens import Jwks, Tokens

ISSUER, AUDIENCE = "https://issuer.example", "guichet"
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
STRANGER = OKPKey.generate_key("Ed25519", {"kid": "ed"})
PUBLIC = [key.as_dict(private=False) for key in (ED, EC, RSA)]


@pytest.fixture(scope="module")
def jwks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("issuer") / "jwks.json"
    path.write_bytes(orjson.dumps({"keys": PUBLIC}))
    return path


@pytest.fixture(scope="module")
def tokens(jwks: Path) -> Tokens:
    return Tokens(str(jwks), ISSUER)


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, with changes; a claim changed to None is left out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "p-1",
        "iat": now,
        "exp": now + 600,
        "roles": ["officer"],
        "org": "134",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(key: Any = ED, algorithm: str = "Ed25519", **changes: Any) -> str:
    header = {"alg": algorithm, "kid": key.kid}
    return jwt.encode(header, claims(**changes), key, algorithms=[algorithm])


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# Keys


def test_a_new_key_is_found_by_its_id_and_its_secret_is_no_part_of_that() -> None:
    for _ in range(50):  # the secret may itself hold underscores
        key = new_key()
        prefix, name, secret = key.split("_", 2)
        assert key_id_of(key) == f"{prefix}_{name}"
        assert (prefix, len(name)) == ("gk", 12)
        assert len(base64.urlsafe_b64decode(secret + "=")) == 32
        assert secret not in key_id_of(key)


def test_no_two_keys_are_alike() -> None:
    assert len({new_key() for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("key", "key_id"),
    [
        ("gk_0123456789ab_se_cr-et", "gk_0123456789ab"),
        ("gk_only", "gk_only"),
        ("gk_", "gk_"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_a_key_id_is_what_stands_before_the_second_underscore(key: str, key_id: str) -> None:
    assert key_id_of(key) == key_id


def test_a_key_id_is_short_whatever_is_sent() -> None:
    assert len(key_id_of("gk_" + "x" * 10_000)) == 40


# Tokens that are good


@pytest.mark.parametrize(("key", "algorithm"), [(ED, "Ed25519"), (EC, "ES256"), (RSA, "RS256")])
async def test_a_token_of_the_issuer_is_a_person_with_roles_in_an_organisation(
    tokens: Tokens, key: Any, algorithm: str
) -> None:
    assert await tokens.person(token(key, algorithm)) == Person("p-1", frozenset({"officer"}), "134")


async def test_a_token_may_have_several_audiences(tokens: Tokens) -> None:
    assert await tokens.person(token(aud=["another", AUDIENCE])) is not None


async def test_a_client_has_no_role_and_no_organisation(tokens: Tokens) -> None:
    assert await tokens.person(token(roles=None, org=None)) == Person("p-1", frozenset(), None)
    assert await tokens.person(token(roles="operator", org=134)) == Person("p-1", frozenset(), None)


# Keys of the issuer that change


async def test_a_new_key_of_the_issuer_is_found_and_one_that_was_taken_back_is_trusted_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(orjson.dumps({"keys": [ED.as_dict(private=False)]}))
    tokens = Tokens(str(file), ISSUER)
    assert await tokens.person(token()) is not None
    assert await tokens.person(token(EC, "ES256")) is None
    file.write_bytes(orjson.dumps({"keys": [EC.as_dict(private=False)]}))
    monkeypatch.setattr("shared.tokens._FILE_SECONDS", 0.0)
    assert await tokens.person(token(EC, "ES256")) is not None
    assert await tokens.person(token()) is None


async def test_while_the_issuer_s_keys_cannot_be_read_those_read_last_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.tokens._FILE_SECONDS", 0.0)
    file = tmp_path / "jwks.json"
    tokens = Tokens(str(file), ISSUER)
    assert await tokens.person(token()) is None
    file.write_bytes(orjson.dumps({"keys": PUBLIC}))
    assert await tokens.person(token()) is not None
    for broken in (b"", b"[]", b'{"keys": 3}', b'{"keys": [{"kty": "OKP"}]}'):
        file.write_bytes(broken)
        assert await tokens.person(token()) is not None
    file.unlink()
    assert await tokens.person(token()) is not None


async def test_the_issuer_is_asked_again_for_a_key_it_has_not_named_but_not_by_every_stranger() -> None:
    asked = 0

    async def answer(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"keys": PUBLIC})

    app = web.Application()
    app.router.add_get("/jwks", answer)
    async with TestServer(app) as server:
        jwks = Jwks(str(server.make_url("/jwks")))
        for _ in range(20):
            assert await jwks.keys("ed") is not None
            assert await jwks.keys("stranger") is not None
    assert asked == 1


# Tokens that are not


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://another.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"exp": 1},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"sub": ""},
    ],
)
async def test_a_token_with_a_claim_that_is_wrong_or_missing_is_refused(
    tokens: Tokens, changes: dict[str, Any]
) -> None:
    assert await tokens.person(token(**changes)) is None


async def test_a_token_of_another_key_under_the_same_name_is_refused(tokens: Tokens) -> None:
    assert await tokens.person(token(STRANGER)) is None


async def test_a_token_without_signature_is_refused(tokens: Tokens) -> None:
    for algorithm in ("none", "None", "NONE"):
        unsigned = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims())}."
        assert await tokens.person(unsigned) is None
        assert await tokens.person(unsigned + part(b"x")) is None
    head, body, _ = token().split(".")
    assert await tokens.person(f"{head}.{body}.") is None


@pytest.mark.parametrize("key", [ED, EC, RSA])
@pytest.mark.parametrize("form", ["pem", "der", "json"])
async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(tokens: Tokens, key: Any, form: str) -> None:
    public = {
        "pem": lambda: key.as_pem(private=False),
        "der": lambda: key.as_der(private=False),
        "json": lambda: orjson.dumps(key.as_dict(private=False)),
    }[form]()
    signed = f"{part({'alg': 'HS256', 'kid': key.kid})}.{part(claims())}"
    signature = hmac.digest(public, signed.encode(), hashlib.sha256)
    assert await tokens.person(f"{signed}.{part(signature)}") is None


async def test_a_token_that_brings_its_own_key_is_refused(tokens: Tokens) -> None:
    header = {"alg": "Ed25519", "jwk": STRANGER.as_dict(private=False)}
    assert await tokens.person(jwt.encode(header, claims(), STRANGER, algorithms=["Ed25519"])) is None


async def test_a_token_that_was_changed_after_signing_is_refused(tokens: Tokens) -> None:
    head, _, signature = token().split(".")
    assert await tokens.person(f"{head}.{part(claims(roles=['operator']))}.{signature}") is None


async def test_without_a_jwks_no_token_is_good() -> None:
    assert await Tokens(None, ISSUER).person(token()) is None


@given(st.text(max_size=40) | st.lists(st.binary(max_size=20).map(part), min_size=3, max_size=3).map(".".join))
@example(f"{part([])}.{part({})}.{part(b'')}")
@example(f"{part({'alg': ['Ed25519']})}.{part({})}.{part(b'')}")
@example(f"{part({'alg': 'Ed25519', 'kid': 'nobody'})}.{part({})}.{part(b'')}")
@example(f"{part({'alg': 'Ed25519', 'kid': ['ed']})}.{part({})}.{part(b'')}")
@example(f"{part({'alg': 'Ed25519', 'crit': ['b64'], 'b64': False})}.{part({})}.{part(b'')}")
async def test_nothing_that_is_no_token_is_let_in_or_makes_a_fault_of_ours(tokens: Tokens, text: str) -> None:
    assert await tokens.person(text) is None


@pytest.mark.parametrize("payload", [[], "text", 1, None, b"\xff", {"exp": {}}, {**claims(), "sub": None}])
async def test_a_signed_token_whose_claims_are_no_claims_is_refused(tokens: Tokens, payload: Any) -> None:
    signed = f"{part({'alg': 'Ed25519', 'kid': 'ed'})}.{part(payload)}"
    signature = ED.get_op_key("sign").sign(signed.encode())
    assert await tokens.person(f"{signed}.{part(signature)}") is None


# What roles may read


@pytest.mark.parametrize(
    ("roles", "own", "another", "everything"),
    [
        ((), False, False, False),
        (("officer",), True, False, True),
        (("deputy_head",), True, False, True),
        (("oversight",), True, True, True),
        (("auditor",), True, True, True),
        (("operator",), True, True, True),
        (("unheard-of",), False, False, False),
    ],
)
def test_a_role_reads_its_own_organisation_or_all_of_them(
    roles: tuple[str, ...], *, own: bool, another: bool, everything: bool
) -> None:
    person = Person("p-1", frozenset(roles), "134")
    assert (person.may_read("134"), person.may_read("7777"), person.may_read()) == (own, another, everything)


def test_a_role_without_an_organisation_reads_none() -> None:
    assert Person("p-1", frozenset({"officer"}), None).may_read("134") is False


@pytest.mark.parametrize("where", ["header", "claims"])
async def test_a_token_nested_without_end_is_nobody_s(tokens: Tokens, where: str) -> None:
    deep = '{"alg":"Ed25519","kid":"ed","a":' + "[" * 100_000 + "]" * 100_000 + "}"
    parts = {"header": '{"alg":"Ed25519","kid":"ed"}', "claims": "{}", where: deep}
    written = [base64.urlsafe_b64encode(each.encode()).decode().rstrip("=") for each in parts.values()]
    assert await tokens.person(".".join([*written, "AAAA"])) is None
