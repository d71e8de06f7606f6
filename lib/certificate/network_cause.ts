/**
 * Says in a few words why a `fetch` failed, and what mends it where that can be told.
 *
 * Deno puts the cause at the end of a long sentence with the URL in it; people need the end only.
 */
export function networkCause(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return "no answer in time";
  const text = chain(error);
  if (/connection refused/i.test(text)) return "connection refused; check that it runs";
  if (/dns error|failed to lookup|name or service not known|no such host/i.test(text)) {
    return "its name cannot be resolved; check the host name and this machine's resolver";
  }
  if (/certificate.*expired|expired.*certificate|CertExpired/i.test(text)) {
    return "its TLS certificate is out of date; check its certificate and this machine's clock";
  }
  if (/NotValidYet|not valid yet/i.test(text)) {
    return "its TLS certificate is not valid yet; check this machine's clock";
  }
  if (/UnknownIssuer|self.signed|CaUsedAsEndEntity/i.test(text)) return UNTRUSTED;
  if (/NotValidForName|certificate/i.test(text)) {
    return `its TLS certificate is not accepted (${lastPart(text)})`;
  }
  if (/unreachable/i.test(text)) return "network unreachable; check this machine's network";
  if (/reset|closed|broken pipe|unexpected eof|incomplete/i.test(text)) {
    return "it closed the connection; look at its log";
  }
  return lastPart(text);
}

/** What {@linkcode networkCause} says of a server whose issuer is unknown. */
export const UNTRUSTED = "its TLS certificate is signed by an unknown authority";

function chain(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    parts.push(at.message);
  }
  return parts.length > 0 ? parts.join(": ") : String(error);
}

function lastPart(text: string): string {
  return text.split(": ").slice(-2).join(": ");
}
