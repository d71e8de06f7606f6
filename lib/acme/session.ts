import type { Client } from "acme-client";
import { type AcmeChallenge, type AcmeDirectory, readDirectory } from "./objects.ts";
import { problemBody } from "./problem.ts";
import type { AcmeAnswer, AcmeTransport } from "./transport.ts";

/**
 * How often a request is signed anew with another nonce. acme-client's five are too few for a
 * server that refuses half of them: one order takes some 15 requests.
 */
const BAD_NONCE_RETRIES = 40;

/** acme-client makes an error of other statuses by quoting the whole answer, whatever it is. */
const ANY_STATUS: number[] = [];

/** What this project uses of acme-client 5.4 beyond its types: its two inner halves. */
interface Halves {
  http: {
    request: AcmeTransport["request"];
    maxBadNonceRetries: number;
    getDirectory(): Promise<AcmeDirectory>;
  };
  api: {
    accountUrl: string | null;
    apiRequest(url: string, payload: unknown, validStatus: number[]): Promise<AcmeAnswer>;
    apiResourceRequest(
      resource: string,
      payload: unknown,
      validStatus: number[],
      options?: { includeJwsKid?: boolean; includeExternalAccountBinding?: boolean },
    ): Promise<AcmeAnswer>;
  };
}

/** An account elsewhere that one at the ACME server belongs to (RFC 8555, section 7.3.4). */
export interface ExternalAccount {
  kid: string;
  /** MAC key, base64url. */
  hmacKey: string;
}

/** Signed requests of one account; the directory is read once a session. */
export interface AcmeSession {
  directory(): Promise<AcmeDirectory>;
  /** Registers the account key, bound where that was asked for, or finds its account; returns its URL. */
  register(payload: { termsOfServiceAgreed: boolean; contact?: string[] }): Promise<string>;
  /** Sends a signed payload. */
  post(url: string, payload: unknown): Promise<AcmeAnswer>;
  /** Reads a resource (POST-as-GET, RFC 8555, section 6.3). */
  read(url: string): Promise<AcmeAnswer>;
  /**
   * What answers a challenge: of dns-01 the TXT value (RFC 8555, section 8.4), of tls-alpn-01 the key
   * authorization (section 8.1).
   */
  challengeValue(challenge: AcmeChallenge): Promise<string>;
}

/**
 * Opens a session of acme-client over our transport. Each method throws what the transport throws.
 *
 * The library is imported for the first one: a relay orders seldom, and would start by a fifth later.
 *
 * @param account its `url` is undefined before {@linkcode AcmeSession.register}.
 * @param externalAccount what a registration is bound to.
 */
export async function openAcmeSession(
  transport: AcmeTransport,
  directoryUrl: string,
  account: { key: string; url?: string },
  externalAccount?: ExternalAccount,
): Promise<AcmeSession> {
  const { Client } = await import("acme-client");
  const client = new Client({
    directoryUrl,
    accountKey: account.key,
    accountUrl: account.url,
    ...(externalAccount !== undefined && { externalAccountBinding: externalAccount }),
  });
  const { http, api } = client as unknown as Halves;
  http.request = transport.request;
  http.maxBadNonceRetries = BAD_NONCE_RETRIES;
  let known: AcmeDirectory | undefined;
  // acme-client's says of an empty one neither its address nor a fix.
  const directory = http.getDirectory = async (): Promise<AcmeDirectory> => {
    if (known !== undefined) return known;
    const { data } = await transport.request(directoryUrl, "get");
    try {
      return known = readDirectory(data);
    } catch (cause) {
      throw new Error(
        `What answers at ${directoryUrl} is no ACME server, or one under maintenance: check ${transport.words.directory} (${
          (cause as Error).message
        })`,
        { cause },
      );
    }
  };

  return {
    directory,
    async register(payload): Promise<string> {
      const { headers } = expect(
        [200, 201],
        await api.apiResourceRequest("newAccount", payload, ANY_STATUS, {
          includeJwsKid: false,
          includeExternalAccountBinding: true,
        }),
      );
      if (headers.location === undefined) throw new Error("The ACME server named no account URL");
      return api.accountUrl = headers.location;
    },
    post: async (url, payload) =>
      expect([200, 201], await api.apiRequest(url, payload, ANY_STATUS)),
    read: async (url) => expect([200], await api.apiRequest(url, null, ANY_STATUS)),
    challengeValue: (challenge) =>
      client.getChallengeKeyAuthorization(
        challenge as Parameters<Client["getChallengeKeyAuthorization"]>[0],
      ),
  };
}

/** @throws {Error} when an answer has another status. */
function expect(statuses: number[], answer: AcmeAnswer): AcmeAnswer {
  if (statuses.includes(answer.status)) return answer;
  const { type, detail } = problemBody(answer.data);
  throw new Error(
    type === "badNonce"
      ? `The ACME server took none of ${BAD_NONCE_RETRIES + 1} nonces that it gave out: ${detail}`
      : `The ACME server answers with status ${answer.status} where ${statuses[0]} is due`,
  );
}
