import { Buffer } from "node:buffer";
import type { Authority, CertificateOrder } from "../certificate/authority.ts";
import { readChain, unfitness } from "../pki/identity.ts";
import type { ReadyOrder } from "../store/orders.ts";
import { renewalTime } from "../certificate/renewal_schedule.ts";

/** Options for {@linkcode orderUserCertificate}. */
export interface UserOrderOptions extends Omit<CertificateOrder, "names"> {
  authority: Authority;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
}

/**
 * Orders a user's certificate once, for the names of its checked request. The authority's `forget` is the caller's
 * to call, once it is stored.
 *
 * @throws {Error} as {@linkcode Authority.issue}, and when what was signed is not what was asked.
 */
export async function orderUserCertificate(options: UserOrderOptions): Promise<ReadyOrder> {
  const { requestKey, requestNames } = await import("../pki/csr.ts");
  const { authority, now, ...order } = options;
  const names = requestNames(order.csr);
  const certificate = await authority.issue({ ...order, names });
  try {
    const info = await readChain(certificate);
    if (Buffer.compare(info.publicKey, requestKey(order.csr)) !== 0) {
      throw new Error("The authority signed another key than the one requested");
    }
    const unfit = unfitness(info, { names, now: now() });
    if (unfit !== undefined) throw new Error(`Cannot use the certificate just signed: ${unfit}`);
    return { certificate, notAfter: info.notAfter, renewAfter: renewalTime(info) };
  } catch (error) {
    await authority.forget?.(order.csr);
    throw error;
  }
}
