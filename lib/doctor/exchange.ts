import net from "node:net";
import tls from "node:tls";
import { fingerprintOf } from "../pki/identity.ts";
import { dataPreface } from "../wire/messages.ts";
import { encodeProxyV2 } from "../wire/proxy_protocol.ts";

/** How long an exchange may take. */
const EXCHANGE_TIMEOUT_MS = 5_000;

/** The most that is read of an answer. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** A listener, and the name to ask it for. */
export interface Target {
  host: string;
  port: number;
  serverName: string;
  path?: string;
  /** Whether the connection begins with a PROXY header. @default {false} */
  proxied?: boolean;
}

/** What an HTTPS server answered. */
export interface Answer {
  status: number;
  body: string;
  /** SHA-256 of the certificate that it showed, in hexadecimal. */
  fingerprint: string;
}

/**
 * Asks an HTTPS server for a page, whatever certificate it has.
 *
 * @throws {Error} when it cannot be reached or does not speak HTTPS.
 */
export async function exchange(target: Target): Promise<Answer> {
  const { host, port, serverName, path = "/", proxied = false } = target;
  const socket = net.connect(port, host);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const timer = setTimeout(() => reject(new Error("no answer in time")), EXCHANGE_TIMEOUT_MS);
  socket.on("error", reject);
  socket.once("connect", () => {
    if (proxied) {
      const own = { address: "127.0.0.1", port: socket.localPort ?? 0 };
      socket.write(encodeProxyV2({ source: own, destination: own }));
    }
    const session = tls.connect({
      socket,
      servername: serverName,
      // What it shows is looked at afterwards: a wrong certificate is a finding, not a failure.
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    });
    let text = "";
    session.on("error", reject);
    session.once("secureConnect", () => {
      session.write(`GET ${path} HTTP/1.1\r\nHost: ${serverName}\r\nConnection: close\r\n\r\n`);
    });
    session.setEncoding("utf8");
    session.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MAX_ANSWER_BYTES) session.destroy();
    });
    session.once("close", () => {
      const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(text)?.[1]);
      if (!status) return reject(new Error("it closed the connection without an answer"));
      resolve({ status, body: text.slice(text.indexOf("\r\n\r\n") + 4), fingerprint });
    });
    let fingerprint = "";
    session.once("secureConnect", () => {
      fingerprint = fingerprintOf(session.getPeerCertificate().raw);
    });
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Whether it is what a relay of that base domain says of itself. */
export function isApi({ status, body }: Answer, baseDomain: string): boolean {
  return status === 200 && body.includes(`"baseDomain":"${baseDomain}"`);
}

/**
 * Whether a relay's data port is what answers there.
 *
 * @throws when nothing answers.
 */
export async function isDataPort(host: string, port: number): Promise<boolean> {
  const preface = new TextDecoder().decode(dataPreface("A".repeat(22)));
  const local = host.endsWith(".localhost") ? "127.0.0.1" : host;
  return (await plainExchange(local, port, preface)).startsWith("GLOSSON/1 refused");
}

/** Whether a TCP connection can be made. */
export async function canConnect(host: string, port: number): Promise<boolean> {
  const signal = AbortSignal.timeout(EXCHANGE_TIMEOUT_MS);
  return await Deno.connect({ hostname: host, port, signal }).then(
    (conn) => (conn.close(), true),
    () => false,
  );
}

/**
 * Sends bytes over plain TCP and returns what comes back first.
 *
 * @throws {Error} when it cannot be reached, or takes the bytes and answers nothing.
 */
export async function plainExchange(host: string, port: number, text: string): Promise<string> {
  using conn = await Deno.connect({
    hostname: host,
    port,
    signal: AbortSignal.timeout(EXCHANGE_TIMEOUT_MS),
  });
  await conn.write(new TextEncoder().encode(text));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    conn.close();
  }, EXCHANGE_TIMEOUT_MS);
  const bytes = new Uint8Array(4096);
  try {
    const n = await conn.read(bytes);
    return new TextDecoder().decode(bytes.subarray(0, n ?? 0));
  } catch (error) {
    if (!isLate) throw error;
    throw new Error(`takes connections and answers nothing for ${EXCHANGE_TIMEOUT_MS / 1_000} s`);
  } finally {
    clearTimeout(timer);
  }
}
