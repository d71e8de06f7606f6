import assert from "node:assert/strict";
import { caaValues, userCaaValues } from "../../lib/dns/caa.ts";

const AUTHORITY = "letsencrypt.org";

Deno.test("userCaaValues() lets these accounts in, in one way, and nobody for wildcards", () => {
  const accounts = [1, 2].map((n) => `https://acme-v02.api.letsencrypt.org/acme/acct/${n}`);
  const issuers = accounts.map((accountUrl) => ({ authority: AUTHORITY, accountUrl }));
  assert.deepEqual(userCaaValues(issuers, "tls-alpn-01"), [
    `0 issue "letsencrypt.org; accounturi=${accounts[0]}; validationmethods=tls-alpn-01"`,
    `0 issue "letsencrypt.org; accounturi=${accounts[1]}; validationmethods=tls-alpn-01"`,
    '0 issuewild ";"',
  ]);
});

Deno.test("userCaaValues() takes accounts at servers of one's own", () => {
  for (
    const accountUrl of [
      ...["https://[2001:db8::1]:14000/acct/1", "https://127.0.0.1:14000/my-account/a1?x=%20"],
      ...["https://CA.example/acme/acct/Az-_~.1", "https://localhost/1"],
    ]
  ) {
    const [issue] = userCaaValues([{ authority: "localhost", accountUrl }], "dns-01");
    assert.equal(issue, `0 issue "localhost; accounturi=${accountUrl}; validationmethods=dns-01"`);
  }
});

Deno.test("an account that could say something else in a record than it is gets into none", () => {
  const good = "https://ca.test/acct/1";
  const bad: [accountUrl: string, authority?: string][] = [
    ...[
      ...[
        'https://ca.test/"',
        "https://ca.test/a;b",
        "https://ca.test/a b",
        "https://ca.test/a\\034",
      ],
      ...["https://ca.test/a\nb", "https://ca.test/a\r", "https://ca.test/ü", "http://ca.test/1"],
      ...["https://ca.test", "https://u:p@ca.test/1", "javascript:1", "", `${good}\n`],
      `https://ca.test/${"a".repeat(300)}`,
    ].map((url): [string] => [url]),
    ...[
      "ca.test;",
      'ca.test"',
      "ca test",
      "",
      "-ca.test",
      "ca.test\n",
      `${"a".repeat(99)}.test`,
    ]
      .map((authority): [string, string] => [good, authority]),
  ];
  for (const [accountUrl, authority = AUTHORITY] of bad) {
    const issuer = { authority, accountUrl };
    assert.throws(() => userCaaValues([issuer], "dns-01"), TypeError, JSON.stringify(issuer));
    assert.throws(() => caaValues(issuer), TypeError, JSON.stringify(issuer));
  }
});
