/**
 * Names that no user may claim, each list with where it is published. A name below BASE is a host of
 * the operator's domain: programs and people give some of them a meaning.
 */
const LISTS: readonly string[] = [
  // The relay's own hosts, and those an operator is likely to add beside them.
  "relay glosson glossond hub control data pages api app apps status health metrics stats",
  "web web-server static assets cdn media img images download downloads docs wiki git blog shop",
  "proxy gateway remote ssh sftp monitor monitoring dev test testing staging demo beta",

  // Names of services as hosts, RFC 2219.
  "archie finger ftp gopher ldap mail news ntp ph pop rwhois wais whois www",

  // Mailbox names of services and roles, RFC 2142: people trust what comes from them.
  "info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster",
  "www uucp ftp",

  // Mailboxes that a certificate authority asks whether a certificate is wanted (CA/Browser Forum
  // Baseline Requirements, 3.2.2.4.4), and further ones that some accepted in the past.
  "admin administrator webmaster hostmaster postmaster",
  "ssladmin ssladministrator sslwebmaster sysadmin is it mis root",

  // Hosts of a certificate authority: where certificates name revocation lists, OCSP, issuers and
  // policies (RFC 5280, sections 4.2.1.13 and 4.2.2.1), time stamps, ACME.
  "ca pki crl ocsp aia cps cert certs certificate certificates acme est scep tsa timestamp",

  // Hosts that programs look for below a domain without being told; whoever answers there configures
  // mail programs, proxies, mail encryption or whole machines. Mozilla's autoconfig, Microsoft's
  // Autodiscover and the DNS records of Microsoft 365, WPAD and ISATAP (RFC 5214), which Windows' DNS
  // servers block by themselves, MTA-STS (RFC 8461), OpenPGP's Web Key Directory.
  "autoconfig autodiscover enterpriseenrollment enterpriseregistration lyncdiscover",
  "lyncdiscoverinternal sip sipinternal sipexternal sipfed msoid wpad isatap mta-sts openpgpkey",

  // The hosts that cPanel makes below every domain, its service subdomains.
  "cpanel cpcalendars cpcontacts webdisk webmail whm autoconfig autodiscover",

  // Services in IANA's registry of service names that a domain runs as hosts, most of which clients
  // also find by SRV records (RFC 2782): here without the underscore.
  "imap imaps pop3 pop3s smtp smtps submission submissions sieve jmap caldav caldavs carddav carddavs",
  "webdav dav xmpp xmpp-client xmpp-server jabber conference kerberos kpasswd kdc ldaps gc dc",
  "matrix stun stuns turn turns sips nntp irc ircs time nfs smb afs rsync telnet rdp vnc",
  "mx mta relay-mail lists listserv email vpn",

  // What stands behind an underscore in a zone, IANA's registry of RFC 8552 and others that are met:
  // without it still easily mistaken.
  "acme-challenge dmarc domainkey dkim spf adsp bimi mta-sts smtp-tls tlsrpt dnslink dnsauth psl",
  "validation-contactemail validation-contactphone vouch atproto tcp udp tls tlsa sctp dccp srv",

  // Names with a meaning to resolvers (RFC 6761, RFC 6762, RFC 7686, RFC 9476) and machines.
  "ns dns resolver rdns nameserver localhost localdomain local loopback broadcasthost",
  "ip6-localhost ip6-loopback wildcard invalid example onion alt internal intranet home lan corp",
  "workgroup domain",

  // User names of the Linux Standard Base, as far as they could be taken for a host or a role.
  "bin daemon adm lp sync shutdown halt operator nobody",

  // Names that pass for the operator or for a place where one types a password.
  "admins administrators administration mod mods moderator moderators official staff team owner",
  "system service services help helpdesk contact feedback superuser sudo",
  "account accounts login logon signin signup register registration auth oauth oauth2 oidc saml",
  "sso idp sts adfs id identity password passwords passwd pass otp mfa 2fa token tokens",
  "billing payment payments checkout invoice secure ssl verify verification legal privacy",
  "terms tos copyright dmca safety report update updates upgrade install setup",

  // What careless programs put where a name is missing.
  "null undefined none anonymous unknown everyone username",
];

const RESERVED: ReadonlySet<string> = new Set(LISTS.flatMap((list) => list.split(" ")));

/** Digits behind a name, as operators number their hosts: `ns1`, `www2`, `mx-10`. */
const NUMBER = /-?\d+$/;

/**
 * Whether a username is kept back from users: by the lists above, digits behind a name included.
 *
 * @param name a name that is a username.
 */
export function isReservedUsername(name: string): boolean {
  return RESERVED.has(name) || RESERVED.has(name.replace(NUMBER, ""));
}
