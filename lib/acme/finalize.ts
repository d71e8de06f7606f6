import { derOf } from "../pki/pem.ts";
import { AcmeProblem } from "./problem.ts";
import type { AcmeSession } from "./session.ts";

/**
 * Asks for the certificate of an order whose names are proved (RFC 8555, section 7.4). That the order is no longer
 * ready is no failure: it was asked before, and the answer got lost on the way.
 *
 * @param csr PEM.
 * @throws as the session.
 */
export async function finalize(
  session: Pick<AcmeSession, "post">,
  url: string,
  csr: string,
): Promise<void> {
  const der = derOf(csr).toBase64({ alphabet: "base64url", omitPadding: true });
  try {
    await session.post(url, { csr: der });
  } catch (error) {
    if (!(error instanceof AcmeProblem && error.type === "orderNotReady")) throw error;
  }
}
