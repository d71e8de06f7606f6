/** Answer to `GET /v1/relay`. */
export interface RelayInfo {
  software: string;
  protocol: number;
  baseDomain: string;
  /** Port that visitors use; absent where it is too old to tell. */
  publicPort?: number | null;
  dataHost: string;
  dataPort: number;
  /** Keys of its own certificates, SHA-256 in base64; absent where it is too old to tell. */
  keyFingerprints?: string[] | null;
  /** Optional parts of the protocol that it has; absent where it is too old to tell. */
  features?: string[] | null;
}

/** Answer to `POST /v1/claims`. */
export interface Claim {
  claim: string;
  username: string;
  hostname: string;
  code: string;
  expiresAt: string;
}

/** Answer to `POST /v1/claims/{claim}/verify`. */
export interface Verified {
  username: string;
  hostname: string;
  token: string;
}

/** Answer to `GET /v1/account`. */
export interface AccountInfo {
  username: string;
  hostname: string;
  online: boolean;
  certificate: { notAfter: string } | null;
  lastOnlineAt: string | null;
  /** Domains of the user's own that lead to them; absent where the relay is too old to have any. */
  domains?: string[] | null;
}

/** Answer to `PUT /v1/domains/{domain}`. */
export interface OwnDomain {
  /** As the relay compares it. */
  domain: string;
  /** RFC 3339. */
  verifiedAt: string;
}

/** Answer of `/v1/caa`: who alone may order certificates for the page's names. */
export interface CaaAnswer {
  /** `relay`, or the URL of an ACME account of the user's own; null: whoever the relay's domain lets. */
  account: string | null;
  /** As zone files have them. */
  records: string[];
  /** Whether the DNS is so. */
  written: boolean;
  /** Why it is not, for a person. */
  detail: string | null;
}

/** What `PUT /v1/caa` takes. */
export type CaaChange = { account: "relay" | null } | { account: string; authority: string };

/** What visitors see while the user is away, PROTOCOL section 1. */
export interface Preferences {
  offlinePage: "full" | "plain" | "none";
  /** Whether the page says when the user was last online. */
  lastSeen: boolean;
  /** The user's words to visitors. */
  away: string | null;
}

/** Answer to a question about a certificate request. */
export type CertificateAnswer =
  | { status: "pending"; id: string; retryAfterMs: number | undefined }
  | { status: "ready"; certificate: string; notAfter: string; renewAfter: string }
  | { status: "failed"; problem?: { title?: string; detail?: string } };
