import { TLS_FAULTS } from "../../../lib/net/network_cause.ts";
import type { Upstream } from "./upstream.ts";

/** What may be wrong, by the runtime's words for it, and what mends it. */
type Faults = readonly [words: RegExp, fault: string][];

const OF_HTTP: Faults = [
  // Whoever speaks TLS alone takes a request for a handshake that is none, and mostly says nothing.
  [
    /ended before it|reset/i,
    "it ended the connection without an answer; does it want https:// in --upstream?",
  ],
];

const OF_HTTPS: Faults = [
  [
    /does not match certificate/i,
    "its certificate is for another name; give --upstream the name that is in it, or take any certificate by " +
    "--insecure-upstream",
  ],
  [
    // The runtime says so of one that is out of date, too.
    /unable to (?:verify|get)|self-signed/i,
    "its certificate is signed by nobody whom this computer trusts, or not valid now; name its authority by " +
    "--upstream-ca FILE, or take any certificate by --insecure-upstream",
  ],
  [
    /NoApplicationProtocol/i,
    "it speaks no HTTP/1.1; --tls-upstream leads visitors to a server of HTTP/2 alone",
  ],
  [/CertificateRequired/i, "it wants a certificate of whoever asks, and there is none for that"],
  [TLS_FAULTS.noTls, "what answers there speaks no TLS; is it http:// in --upstream?"],
];

/** Why an app cannot be asked, for the log: with what mends it, where that is known. */
export function appFault(error: unknown, { protocol }: Upstream): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const faults = protocol === "https:" ? OF_HTTPS : OF_HTTP;
  const fault = faults.find(([words]) => words.test(text))?.[1];
  return fault === undefined ? error : `${fault} (${text})`;
}
