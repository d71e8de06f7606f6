/* Help of the commands about names: domains of the user's own, and who may order certificates. */

export const DOMAIN =
  `Has a domain of your own lead to your page, with a certificate that you get yourself.

Usage: glosson domain add DOMAIN --agree-terms [options]
       glosson domain list [--state DIR]
       glosson domain remove DOMAIN [--state DIR]

add tells which record to set in the domain's DNS, waits until it is there, and tells which CAA records
let nobody else have certificates for the domain. glosson run then gets the certificate and renews it,
with an account of yours at the authority: the relay has no part in it. With --tls-upstream the
certificate is that server's to get, by TLS-ALPN-01.

Options of add:
  --agree-terms    you agree to the terms of the authority; needed once for each
  --acme URL       the authority: directory of an ACME server (default: Let's Encrypt, or the last one)
  --acme-ca FILE   trust the authorities in this PEM file when talking to it
  --email ADDRESS  where the authority may write to
  --state DIR      use the state in DIR
`;

export const CAA =
  `Has nobody else order certificates for your name, by CAA records (RFC 8659, RFC 8657) at it.

Usage: glosson caa [--state DIR]
       glosson caa relay|off [--state DIR]
       glosson caa own --agree-terms [options]
       glosson caa own --account URL --authority NAME [--state DIR]

Without a word it tells how that stands, in the DNS too.
relay  the account of the relay alone may, by dns-01: no other authority, and nobody else who has an account there.
       It holds for names below yours, too, and when the relay changes its account
own    an ACME account of your own alone may, by tls-alpn-01: glosson run gets the certificate and renews it, the
       relay orders nothing for you any more. With --account another program that has that account gets it, to which
       glosson run --tls-upstream passes visitors
off    whoever the relay's domain lets, as in the beginning

Authorities heed what they find in the DNS, which the relay holds: it does not bar the relay itself, whose certificate
for the wildcard is good for your name as well. watch-ct notices certificates, and run who answers.

Options of own:
  --agree-terms    you agree to the terms of the authority; needed once for each
  --acme URL       the authority: directory of an ACME server (default: Let's Encrypt, or the last one)
  --acme-ca FILE   trust the authorities in this PEM file when talking to it
  --email ADDRESS  where the authority may write to
  --authority NAME its name in CAA records, where it does not tell it
  --state DIR      use the state in DIR
`;
