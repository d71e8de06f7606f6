/**
 * A lower-case DNS label of 2 to 63 characters without a hyphen at either end, and not punycode
 * (`--` in places 3 and 4, RFC 5891): that would let a name look like another one in a browser.
 */
const USERNAME = /^(?!..--)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/;

/** Names that no user may claim, by reason. */
const RESERVED: ReadonlySet<string> = new Set([
  // The relay's own hosts, and those an operator is likely to add beside them.
  ...words("relay glosson glossond hub control data pages api app status health metrics stats"),
  ...words("www web static assets cdn download downloads docs git proxy gateway vpn ssh ftp sftp"),
  // Mailbox names of services and roles (RFC 2142): people trust what comes from them.
  ...words("info marketing sales support abuse noc security postmaster hostmaster usenet news"),
  ...words("webmaster uucp"),
  // Mailboxes that a certificate authority asks whether a certificate is wanted (CA/Browser Forum
  // Baseline Requirements 3.2.2.4.4), and further ones that some accepted in the past.
  ...words("admin administrator ssladmin ssladministrator sslwebmaster sysadmin root"),
  // Mail hosts, by habit and as mail programs guess them.
  ...words("mail email webmail smtp imap imaps pop pop3 mx mta lists"),
  // Hosts that programs look for below a domain without being told: whoever answers there
  // configures mail programs, proxies, mail encryption or whole machines.
  ...words("autoconfig autodiscover wpad isatap mta-sts openpgpkey caldav carddav"),
  // Names with a meaning to resolvers and machines.
  ...words("ns dns resolver localhost localdomain local loopback broadcasthost ip6-localhost"),
  ...words("ip6-loopback wildcard invalid onion"),
  // What stands behind an underscore in the zone (RFC 8552): without it, still easily mistaken.
  ...words("acme-challenge dmarc domainkey dkim spf psl dnsauth"),
  // Names that pass for the operator or for a place where one types a password.
  ...words("official staff moderator moderators operator owner system service help contact"),
  ...words("account accounts login signin signup register auth oauth sso password passwords"),
  ...words("billing payment payments secure verify legal privacy terms"),
  // What careless programs put where a name is missing.
  ...words("null undefined"),
]);

/** Numbered name servers and mail hosts: `ns1`, `dns2`, `mx10`, `smtp1`. */
const RESERVED_NUMBERED = /^(?:ns|dns|mx|mail|smtp|imap|pop|relay)-?\d+$/;

/** Whether `text` is a username as the protocol has it; upper case is not. */
export function isUsername(text: string): boolean {
  return USERNAME.test(text);
}

/**
 * Whether a username is kept back from users: the relay's own hosts, names that mail, certificate
 * authorities or programs give a meaning, and those that pass for the operator.
 *
 * @param name a name that {@linkcode isUsername} accepts.
 */
export function isReservedUsername(name: string): boolean {
  return RESERVED.has(name) || RESERVED_NUMBERED.test(name);
}

function words(text: string): string[] {
  return text.split(" ");
}
