"""`domain` and `caa`: names, an ACME account, and how visitors are told apart.

What they do at an authority is in tests/system: acme/own_account_test.ts and own_domain_test.ts.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from client import Client, Relay
from glosson.acme_account import acme_account
from glosson.acme_order import ACME_IDENTIFIER, proof_identity, self_signed
from glosson.api import Api, relay_trust
from glosson.arguments import parse
from glosson.client_hello import Opening
from glosson.domain import list_domains
from glosson.domain_name import read_domain
from glosson.exit_codes import FAILED, USAGE, WELL
from glosson.identity import first_certificate_in
from glosson.jws import AccountKey, base64url, make_account_key
from glosson.kept_domains import AcmeAccount, KeptDomains
from glosson.options import AcmeOptions, CaaOptions, DomainOptions
from glosson.relay_address import read_relay_address
from glosson.renewal_window import renewal_id
from glosson.state import State
from glosson.tls_contexts import TlsContexts

DOMAIN = "blog.example.org"
NO_ACME = AcmeOptions(None, None, None, False)


def test_command_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["domain", "list"]) == DomainOptions("list", None, NO_ACME, None)
    assert parse(["caa"]) == CaaOptions(None, None, None, NO_ACME, None)
    added = parse(["domain", "add", "Blog.Example.ORG.", "--agree-terms", "--email", "a@b"])
    assert added == DomainOptions("add", DOMAIN, AcmeOptions(None, None, "a@b", True), None)
    for words, told in (
        ("domain", "the following arguments are required: action"),
        ("domain add", "add needs the DOMAIN"),
        ("domain list x.y", "list takes no DOMAIN"),
        ("domain remove x.y --agree-terms", "--agree-terms is about add"),
        ("domain add x.y --acme http://a/", "--acme is the https:// address of an ACME server's"),
        ("domain add *.x.y", "A wildcard cannot be routed to you"),
        ("domain add x", "A domain has two labels or more"),
        ("domain add 192.0.2.1", "An IP address is no domain"),
        ("domain add https://x.y/", "without https:// and path"),
        ("caa relay --email a@b", "--email is about own"),
        ("caa off --authority x.y", "--account and --authority are about own"),
        ("caa own --account https://a/1", "--account takes --authority as well"),
        ("caa own --authority A;b", "is a name as CAA records have it"),
    ):
        with pytest.raises(SystemExit) as ended:
            parse(words.split())
        assert ended.value.code == USAGE
        assert told in capsys.readouterr().err


def test_a_domain_that_is_not_as_it_stands_in_the_dns_is_told() -> None:
    with pytest.raises(ValueError, match=r"xn--bcher-kva\.example"):
        read_domain("bücher.example")
    assert read_domain("xn--bcher-kva.example") == "xn--bcher-kva.example"


def test_what_a_relay_has_not_is_told(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "names", tmp_path)
    assert client.call("domain", "list").returncode == USAGE  # nothing is set up
    client.setup()
    listed = client.call("domain", "list")
    assert listed.returncode == WELL
    assert listed.stdout == "You have no domain of your own: glosson domain add DOMAIN\n"
    caa = client.call("caa", "relay")
    assert caa.returncode == FAILED
    assert "This relay writes no CAA records for its users: " in caa.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"https://127.0.0.1:{free.getsockname()[1]}/directory"
    gone = client.call("domain", "add", DOMAIN, "--acme", nobody, "--agree-terms")
    assert gone.returncode == FAILED and "Traceback" not in gone.stderr
    assert "Cannot reach the ACME server 127.0.0.1:" in gone.stderr
    assert "nothing listens there" in gone.stderr
    assert KeptDomains(State(tmp_path)).account() is None


class OddApi(Api):
    """Names as domains what is none."""

    async def account(self) -> dict[str, object]:
        return {"domains": ["../account", "a\0b.example", "A.example", DOMAIN]}


def test_what_a_relay_names_that_is_no_domain_leads_to_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api = OddApi(read_relay_address("relay.example"), relay_trust(None), "token")
    asyncio.run(list_domains(api, KeptDomains(State(tmp_path))))
    assert capsys.readouterr().out == f"{DOMAIN}: leads to you; no certificate here\n"


def test_what_is_kept_is_whole_or_told(tmp_path: Path) -> None:
    kept = KeptDomains(State(tmp_path))
    assert (kept.domains(), kept.account(), kept.identity(DOMAIN)) == ([], None, None)
    account = AcmeAccount("https://acme.example/", "key", "https://acme.example/1", "pem")
    kept.save_account(account)
    kept.add("a.example"), kept.add(DOMAIN), kept.add("a.example")
    assert (kept.account(), kept.domains()) == (account, [DOMAIN, "a.example"])
    identity = self_signed(DOMAIN)
    assert kept.save_identity(DOMAIN, identity) and kept.identity(DOMAIN) == identity
    files = (tmp_path / "domains").iterdir()
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    kept.remove(DOMAIN)
    assert not kept.save_identity(DOMAIN, identity)  # removed meanwhile
    assert kept.identity(DOMAIN) is None
    for damaged in ("{", "[]", '{"directory": "x"}'):
        (tmp_path / "domains" / "acme.json").write_text(damaged)
        with pytest.raises(RuntimeError, match=r"acme\.json: it is damaged; remove it and add"):
            kept.account()
    kept.forget()
    assert kept.domains() == [] and kept.account() is None


def test_one_account_serves_all_domains(tmp_path: Path) -> None:
    kept = KeptDomains(State(tmp_path))
    kept.save_account(AcmeAccount("https://one.example/", make_account_key(), "https://one/1"))
    other = AcmeOptions("https://two.example/", None, None, True)
    with pytest.raises(
        RuntimeError, match=r"and blog\.example\.org renews at https://one\.example/"
    ):
        asyncio.run(acme_account(other, kept, [DOMAIN]))


def test_a_proof_is_what_the_standard_has() -> None:
    leaf = first_certificate_in(proof_identity(DOMAIN, "token.thumbprint").chain)
    found = leaf.extensions.get_extension_for_oid(ACME_IDENTIFIER)
    digest = hashlib.sha256(b"token.thumbprint").digest()
    assert found.critical and found.value.public_bytes() == b"\x04\x20" + digest
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [DOMAIN]


def test_renewal_information_has_the_name_of_the_standards_example() -> None:
    assert renewal_id(RFC_9773_EXAMPLE) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
    assert renewal_id(self_signed(DOMAIN).chain) is None


def hand_shake(context: ssl.SSLContext, name: str, protocols: list[str]) -> tuple[str, bytes]:
    """Return the protocol and the certificate (DER) that a visitor gets."""
    visitor = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    visitor.check_hostname, visitor.verify_mode = False, ssl.CERT_NONE
    visitor.set_alpn_protocols(protocols)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(up, down, server_side=True)
    client = visitor.wrap_bio(down, up, server_hostname=name)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
    return client.selected_alpn_protocol() or "", client.getpeercert(binary_form=True) or b""


def test_visitors_get_the_certificate_of_the_name_that_they_ask_for(tmp_path: Path) -> None:
    contexts = TlsContexts(tmp_path)
    assert contexts.of(Opening()) is None
    page, blog, proof = self_signed("page"), self_signed(DOMAIN), self_signed(DOMAIN)
    der = {
        name: ssl.PEM_cert_to_DER_cert(identity.chain)
        for name, identity in (("page", page), ("blog", blog), ("proof", proof))
    }
    contexts.use(page)
    contexts.use_for(DOMAIN, blog)

    def got(name: str, *protocols: str) -> tuple[str, bytes]:
        context = contexts.of(Opening(name, tuple(each.encode() for each in protocols)))
        assert context is not None
        return hand_shake(context, name, [*protocols])

    assert got("page", "http/1.1") == ("http/1.1", der["page"])
    assert got("other", "http/1.1") == ("http/1.1", der["page"])
    assert list(tmp_path.iterdir()) == []  # no key that is not kept
    assert got(DOMAIN, "h2", "http/1.1") == ("http/1.1", der["blog"])
    assert contexts.of(Opening(DOMAIN, (b"h2",))) is None
    assert contexts.of(Opening(DOMAIN, (b"acme-tls/1",))) is None

    contexts.prove(DOMAIN, proof)
    assert got(DOMAIN, "acme-tls/1") == ("acme-tls/1", der["proof"])
    assert got(DOMAIN, "acme-tls/1", "http/1.1") == ("http/1.1", der["blog"])
    assert contexts.of(Opening("page", (b"acme-tls/1",))) is None
    contexts.prove(DOMAIN, None)
    contexts.use_for(DOMAIN, None)
    assert contexts.of(Opening(DOMAIN, (b"acme-tls/1",))) is None
    assert got(DOMAIN, "http/1.1") == ("http/1.1", der["page"])


def test_requests_are_signed_as_the_standard_has_it() -> None:
    key = AccountKey(make_account_key())
    told = json.loads(key.sign("https://acme.example/x", "nonce", b"{}", None))
    assert told["payload"] == base64url(b"{}") and len(told["signature"]) == 86
    thumbprint = key.authorize("token").partition(".")[2]
    assert len(thumbprint) == 43
    assert set(told) == {"payload", "protected", "signature"}


# RFC 9773 appendix A.
RFC_9773_EXAMPLE = """\
-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
"""
