import { Buffer } from "node:buffer";
import type { AcmeTransport } from "./transport.ts";
import { readRenewalInfo } from "./objects.ts";
import { parseRetryAfter } from "./transport.ts";
import type { RenewalWindow } from "../certificate/authority.ts";

/** When to ask again if the server does not say (RFC 9773, section 4.3.2 asks for a default). */
const ASK_AGAIN_MS = 6 * 3_600_000;

/** Bounds for what the server says: neither every second nor never again. */
const ASK_AGAIN_MIN_MS = 60_000;
const ASK_AGAIN_MAX_MS = 24 * 3_600_000;

/**
 * A certificate's identifier for renewal information (RFC 9773, section 4.1): the key identifier of
 * its issuer and its serial number, base64url without padding, joined by a dot.
 *
 * @returns undefined when the certificate names no issuer's key.
 */
export async function renewalId(certificate: string): Promise<string | undefined> {
  const { AuthorityKeyIdentifierExtension, X509Certificate } = await import("@peculiar/x509");
  const leaf = new X509Certificate(certificate);
  const keyId = leaf.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return undefined;
  // The serial as DER has it: with a zero byte ahead where the number would look negative.
  const serial = Buffer.from(leaf.serialNumber, "hex");
  const der = serial[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), serial]) : serial;
  return `${Buffer.from(keyId, "hex").toString("base64url")}.${der.toString("base64url")}`;
}

/**
 * Asks a server when it wants a certificate renewed (RFC 9773, section 4).
 *
 * @param renewalInfo URL of the directory's `renewalInfo`.
 * @returns undefined when the certificate has no identifier.
 * @throws {Error} as the transport, and when the window makes no sense.
 */
export async function fetchRenewalWindow(
  transport: AcmeTransport,
  renewalInfo: string,
  certificate: string,
  now: number,
): Promise<RenewalWindow | undefined> {
  const id = await renewalId(certificate);
  if (id === undefined) return undefined;
  const { data, headers } = await transport.request(
    `${renewalInfo.replace(/\/$/, "")}/${id}`,
    "get",
  );
  const { suggestedWindow, explanationURL } = readRenewalInfo(data);
  const start = Date.parse(suggestedWindow.start);
  const end = Date.parse(suggestedWindow.end);
  if (!(start < end)) {
    throw new TypeError("Cannot use the renewal window: the ACME server's dates make no sense");
  }
  const askAgainAt = parseRetryAfter(headers["retry-after"], now) ?? now + ASK_AGAIN_MS;
  return {
    start,
    end,
    askAgainAt: Math.min(now + ASK_AGAIN_MAX_MS, Math.max(now + ASK_AGAIN_MIN_MS, askAgainAt)),
    explanation: explanationURL,
  };
}
