import acme from "acme-client";
import type { KeyAndChain } from "../../../../examples/client/front/tls_end.ts";
import { makeKey } from "../../../../lib/pki/keys.ts";

/** The domain that is proved. */
export const DOMAIN = "blog.example.org";

/** What the certificate has the digest of (RFC 8737 section 3). */
export const KEY_AUTHORIZATION = "token.thumbprint";

/** What answers a challenge for the domain. */
export async function challenge(): Promise<KeyAndChain> {
  const authorization = { identifier: { type: "dns", value: DOMAIN } };
  const [key, chain] = await acme.crypto.createAlpnCertificate(
    authorization as Parameters<typeof acme.crypto.createAlpnCertificate>[0],
    KEY_AUTHORIZATION,
    await makeKey(),
  );
  return { key: String(key), chain: String(chain) };
}
