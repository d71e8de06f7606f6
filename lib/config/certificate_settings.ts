import { domain, email } from "./hosts.ts";
import { optional, required } from "./setting.ts";
import {
  apiRoot,
  base64Secret,
  base64UrlSecret,
  hostPort,
  integer,
  keyName,
  list,
  oneOf,
  path,
  secret,
  text,
  url,
} from "./values.ts";

/** Who signs certificates, and how names are proven. */
export const CERTIFICATE_SETTINGS = {
  authority: required(
    "AUTHORITY",
    oneOf("acme", "local"),
    "acme",
    "Who signs certificates: acme, an ACME server, or local, the embedded one for trials",
    { dev: "local" },
  ),
  acmeDirectoryUrl: required(
    "ACME_DIRECTORY_URL",
    url,
    "https://acme-v02.api.letsencrypt.org/directory",
    "The ACME server",
  ),
  acmeEmail: optional("ACME_EMAIL", email, "Contact of the ACME account; required with acme"),
  acmeCaFile: optional("ACME_CA_FILE", path, "PEM file to trust a private ACME server by"),
  caaIdentity: optional(
    "CAA_IDENTITY",
    domain,
    "The ACME server's name in CAA records, where it does not tell it",
  ),
  acmeProfile: optional("ACME_PROFILE", text, "ACME certificate profile to ask for"),
  dns: required(
    "DNS",
    oneOf("powerdns", "rfc2136"),
    "powerdns",
    "How the zone is written to: powerdns, its HTTP API, or rfc2136, dynamic update with TSIG",
  ),
  pdnsApiUrl: optional(
    "PDNS_API_URL",
    apiRoot,
    "The PowerDNS HTTP API; required with acme and powerdns",
  ),
  pdnsServerId: required(
    "PDNS_SERVER_ID",
    text,
    "localhost",
    "Server name within the PowerDNS API",
  ),
  pdnsApiKey: optional(
    "POWERDNS_API_KEY",
    secret,
    "Key of the PowerDNS API; better in the secrets file, there without prefix",
    { secret: true, live: true },
  ),
  rfc2136Server: optional(
    "RFC2136_SERVER",
    hostPort,
    "The zone's primary, host:port; required with acme and rfc2136",
  ),
  rfc2136KeyName: optional(
    "RFC2136_KEY_NAME",
    keyName,
    "Name of the key that signs what it is asked; required with acme and rfc2136",
    { live: true },
  ),
  rfc2136KeyAlgorithm: required(
    "RFC2136_KEY_ALGORITHM",
    oneOf("hmac-sha256", "hmac-sha384", "hmac-sha512"),
    "hmac-sha256",
    "The key's algorithm: hmac-sha256, hmac-sha384 or hmac-sha512",
    { live: true },
  ),
  rfc2136KeySecret: optional(
    "RFC2136_KEY_SECRET",
    base64Secret,
    "The key's secret, base64; better in the secrets file, there without prefix",
    { secret: true, live: true },
  ),
  acmeEabKid: optional(
    "ACME_EAB_KID",
    text,
    "Key id of an account with the ACME server's company, for servers that bind to one (external account binding)",
  ),
  acmeEabHmacKey: optional(
    "ACME_EAB_HMAC_KEY",
    base64UrlSecret,
    "The key that goes with it, base64url; better in the secrets file, there without prefix",
    { secret: true },
  ),
  dnsServers: required(
    "DNS_SERVERS",
    list(hostPort),
    "",
    "Servers asked for challenge records, ip:port; default the zone's own",
  ),
  certificatesPerWeek: required(
    "CERTIFICATES_PER_WEEK",
    integer(1, 1_000_000),
    "45",
    "New users' certificates a week, shared out to users; Let's Encrypt allows 50 a registered domain",
  ),
};
