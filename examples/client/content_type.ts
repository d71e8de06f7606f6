import mime from "mime";
import { WELL_KNOWN } from "./file_path.ts";

/** Registered types where `mime` still has the ones from before their registration. */
const REGISTERED: Record<string, string> = {
  flac: "audio/flac", // RFC 9639
  vcf: "text/vcard", // RFC 6350
};

const JSON_TYPE = "application/json";

/** Types of documents without an ending, by their place in `.well-known` (IANA registry of URIs). */
const WELL_KNOWN_TYPES: Record<string, string> = {
  "api-catalog": "application/linkset+json", // RFC 9727
  "apple-app-site-association": JSON_TYPE,
  "atproto-did": "text/plain",
  "change-password": "text/html",
  core: "application/link-format", // RFC 6690
  "fedcm": JSON_TYPE,
  "host-meta": "application/xrd+xml", // RFC 6415
  "http-opportunistic": JSON_TYPE, // RFC 8164
  "matrix/client": JSON_TYPE,
  "matrix/server": JSON_TYPE,
  "matrix/support": JSON_TYPE,
  nodeinfo: JSON_TYPE,
  "oauth-authorization-server": JSON_TYPE, // RFC 8414
  "oauth-protected-resource": JSON_TYPE, // RFC 9728
  "openid-configuration": JSON_TYPE,
  "openpgpkey/policy": "text/plain",
  "passkey-endpoints": JSON_TYPE,
  "traffic-advice": "application/trafficadvice+json",
  "uma2-configuration": JSON_TYPE,
  "web-identity": JSON_TYPE,
  webauthn: JSON_TYPE,
  webfinger: "application/jrd+json", // RFC 7033
};

/** Where a document says its encoding, which a `charset` of ours would overrule (HTML section 13.2.3.2). */
const SAYS_ENCODING: Record<string, RegExp> = {
  "text/html": /<meta\s[^>]*charset\s*=\s*["']?\s*([\w.:-]+)/i,
  "text/css": /^@charset "([^"]+)";/,
};

/** Bytes at a document's beginning in which browsers look for its encoding. */
export const ENCODING_BYTES = 1024;

/**
 * The content type of a file by its names from the served folder down; text is UTF-8 unless it says
 * that it is not, what is not known is only downloaded.
 *
 * @param beginning tells the file's first {@linkcode ENCODING_BYTES}, one character a byte.
 */
export function contentType(names: readonly string[], beginning: () => string): string {
  const type = byPlace(names) ?? byEnding(names.at(-1) ?? "") ?? "application/octet-stream";
  if (!type.startsWith("text/")) return type;
  const said = SAYS_ENCODING[type]?.exec(beginning())?.[1] ?? "utf-8";
  return /^utf-?8$/i.test(said) ? `${type}; charset=utf-8` : type;
}

function byPlace(names: readonly string[]): string | undefined {
  const place = names.join("/");
  // Apple looks at the top of a site too.
  if (place === "apple-app-site-association") return JSON_TYPE;
  const [folder, document] = [place.slice(0, WELL_KNOWN.length + 1), names.slice(1).join("/")];
  if (folder !== `${WELL_KNOWN}/` || !Object.hasOwn(WELL_KNOWN_TYPES, document)) return undefined;
  return WELL_KNOWN_TYPES[document];
}

/** By what follows the last dot: `mime` would take a whole name for an ending. */
function byEnding(name: string): string | undefined {
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase();
  if (ending === undefined) return undefined;
  return Object.hasOwn(REGISTERED, ending) ? REGISTERED[ending] : mime.getType(ending) ?? undefined;
}
