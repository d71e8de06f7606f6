import assert from "node:assert/strict";
import { isReservedUsername } from "../../lib/account/reserved_names.ts";
import { isUsername } from "../../lib/account/username.ts";

/** Names by whoever publishes them, as far as they can be usernames. */
const PUBLISHED: Record<string, string> = {
  "RFC 2142, mailbox names":
    "info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp",
  "RFC 2219, aliases of services":
    "archie finger ftp gopher ldap mail news ntp ph pop rwhois wais whois www",
  "CA/Browser Forum, mailboxes that are asked":
    "admin administrator webmaster hostmaster postmaster",
  "certificates' own addresses": "ca pki crl ocsp",
  "found without being told":
    "autoconfig autodiscover wpad isatap mta-sts openpgpkey lyncdiscover sip msoid enterpriseenrollment enterpriseregistration",
  "cPanel's service subdomains": "cpanel cpcalendars cpcontacts webdisk webmail whm",
  "services with SRV records":
    "kerberos ldap imap imaps pop3 pop3s smtp submission caldav carddav xmpp-client xmpp-server sip stun turn",
  "underscored names without it": "acme-challenge dmarc domainkey spf tcp udp tls",
  "special-use names": "localhost local invalid example onion alt",
  "roles": "root sysadmin admins operator moderator staff official help login",
  "the relay's own": "relay glosson glossond hub api status",
};

for (const [list, text] of Object.entries(PUBLISHED)) {
  Deno.test(`isReservedUsername() keeps back names of ${list}, and numbered ones`, () => {
    for (const name of text.split(" ")) {
      assert.equal(isUsername(name), true, `${name} could not be claimed anyway`);
      for (const digits of ["", "1", "2", "10", "-1", "-007"]) {
        assert.equal(isReservedUsername(name + digits), true, name + digits);
      }
    }
  });
}

Deno.test("isReservedUsername() leaves people's names alone", () => {
  const names =
    "kaylee ns1x admiral relayed max mx-fan constructor 11 42 kaylee2 rooted 1root a1 pkix";
  for (const name of names.split(" ")) assert.equal(isReservedUsername(name), false, name);
});
