import { X509CertificateGenerator } from "@peculiar/x509";
import { Buffer } from "node:buffer";
import { linesOf } from "../../lib/net/lines.ts";

/** What OpenSSL made of a ClientHello. */
export interface OpensslView {
  /** The server name as it was sent, or null. */
  serverName: string | null;
  /** The ALPN names, in order. */
  alpn: string[];
  /** The first record sent back: a ServerHello, an alert with its number, or none. */
  answer: "server-hello" | `alert ${number}` | "none";
}

/** A TLS server of Node.js, and so of OpenSSL, that tells what it reads out of ClientHellos. */
export class OpensslServer {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string, string>;
  /** Views by the client's port that came before they were asked for. */
  readonly #views = new Map<number, Pick<OpensslView, "serverName" | "alpn">>();
  /** Port of 127.0.0.1 that it listens on. */
  readonly port: number;
  /** Version of OpenSSL, e.g. `3.0.17`. */
  readonly version: string;

  private constructor(
    process: Deno.ChildProcess,
    output: AsyncGenerator<string, string>,
    hello: { port: number; openssl: string },
  ) {
    this.#process = process;
    this.#lines = output;
    this.port = hello.port;
    this.version = hello.openssl;
  }

  /**
   * Starts the server on a free port of 127.0.0.1. It runs until {@linkcode stop}.
   *
   * @throws {Error} when there is no `node` to run it, or it does not start.
   */
  static async start(): Promise<OpensslServer> {
    const script = new URL("./openssl_server.mjs", import.meta.url).pathname;
    let process: Deno.ChildProcess;
    try {
      const command = new Deno.Command("node", {
        args: [script],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      });
      process = command.spawn();
    } catch (cause) {
      throw new Error("Cannot start OpenSSL server: no `node` on PATH to run it with", { cause });
    }
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(await certificate())));
    await writer.close();
    const output = linesOf(process.stdout);
    const first = await output.next();
    if (first.done) throw new Error("Cannot start OpenSSL server: it ended at once");
    return new OpensslServer(process, output, JSON.parse(first.value));
  }

  /** Sends bytes as the start of a connection and their end, and tells what came of it. */
  async view(bytes: Uint8Array): Promise<OpensslView> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    const { port } = conn.localAddr as Deno.NetAddr;
    const answer = await exchange(conn, bytes);
    conn.close();
    while (!this.#views.has(port)) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("Cannot view hello: the OpenSSL server has ended");
      const { port: of, ...view } = JSON.parse(value);
      this.#views.set(of, view);
    }
    const view = this.#views.get(port)!;
    this.#views.delete(port);
    return { ...view, answer };
  }

  /** Ends the server. */
  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#lines.return("");
    await this.#process.status;
  }
}

/** Sends the bytes, and reads the first record of the answer. */
async function exchange(conn: Deno.TcpConn, bytes: Uint8Array): Promise<OpensslView["answer"]> {
  const answer = new Uint8Array(16);
  let length = 0;
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    await conn.closeWrite();
    while (length < 7) {
      const n = await conn.read(answer.subarray(length));
      if (n === null) break;
      length += n;
    }
  } catch {
    // A reset after an alert: what has come counts.
  }
  if (length < 7) return "none";
  return answer[0] === 21 ? `alert ${answer[6]!}` : "server-hello";
}

/** A self-signed certificate for any name; RSA, which clients of every age accept. */
async function certificate(): Promise<{ key: string; cert: string }> {
  const keys = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: "CN=kaylee.example.org",
    keys,
    signingAlgorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  });
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const body = der.toString("base64").replace(/.{64}/g, "$&\n");
  const key = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
  return { key, cert: cert.toString("pem") };
}
