import { X509Certificate } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import { type DemoPart, type DemoRelay, FREE_PORTS, glosson, glossond, runClient } from "./part.ts";

const HOSTNAME = "kaylee.glosson.localhost";

/** What a visitor saw. */
interface Seen {
  status: number;
  body: string;
  /** Names in the certificate that was served. */
  names: string;
  /** Whether that certificate's key is the client's own. */
  ofClient: boolean;
}

/** One full round, each step told with its time; false as soon as one does not go well. */
export async function checkRound(dir: string, print: (text: string) => void): Promise<boolean> {
  const parts: DemoPart[] = [];
  let relay: DemoRelay;
  let client: DemoPart;
  const steps: [string, () => Promise<string>][] = [
    ["relay starts on free ports", async () => {
      relay = await glossond(dir, { settings: FREE_PORTS });
      parts.push(relay);
      return `hub on port ${relay.ports.hub}`;
    }],
    ["client claims kaylee and comes online", async () => {
      client = await glosson(dir, relay);
      parts.push(client);
      return "claim, code in the bio, certificate, session";
    }],
    ["page through the relay", () => expectPage()],
    ["client stops", async () => {
      const { code } = await client.stop();
      expect(code === 0, `it left with code ${code}`);
      return "it left cleanly";
    }],
    ["offline page of the relay", async () => {
      const seen = await look(relay);
      expect(seen.status === 503, `status ${seen.status}, not 503`);
      expect(!seen.ofClient, "the certificate is the client's");
      expect(seen.names.includes("DNS:*.glosson.localhost"), `certificate of ${seen.names}`);
      return `503 with the relay's certificate, ${seen.names}`;
    }],
    ["client comes back", async () => {
      client = await runClient(dir);
      parts.push(client);
      return "online";
    }],
    ["page again", () => expectPage()],
  ];

  async function expectPage(): Promise<string> {
    const seen = await look(relay);
    expect(seen.status === 200, `status ${seen.status}, not 200`);
    expect(seen.names === `DNS:${HOSTNAME}`, `certificate of ${seen.names}`);
    expect(seen.ofClient, "the certificate is not the one in the client's state");
    expect(
      seen.body.includes("kaylee"),
      `the page does not say kaylee: ${seen.body.slice(0, 200)}`,
    );
    return `200 with the client's own certificate, ${seen.names}`;
  }

  async function look({ ports, caFile }: DemoRelay): Promise<Seen> {
    const { promise, resolve, reject } = Promise.withResolvers<X509Certificate>();
    const socket = tls.connect({
      socket: net.connect(ports.hub, "127.0.0.1"),
      servername: HOSTNAME,
      ca: await Deno.readTextFile(caFile),
      ALPNProtocols: ["http/1.1"],
    }, () => resolve(new X509Certificate(socket.getPeerCertificate().raw)));
    socket.on("error", reject);
    const leaf = await promise;
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOSTNAME}\r\nConnection: close\r\n\r\n`);
    let text = "";
    for await (const chunk of socket) text += new TextDecoder().decode(chunk);
    return {
      status: Number(text.split(" ")[1]),
      body: text,
      names: leaf.subjectAltName ?? "",
      ofClient: leaf.fingerprint256 === await clientFingerprint(dir),
    };
  }

  try {
    for (const [index, [name, run]] of steps.entries()) {
      const started = performance.now();
      print(`${index + 1}/${steps.length} ${name} … `);
      try {
        const told = await run();
        print(`ok, ${Math.round(performance.now() - started)} ms: ${told}\n`);
      } catch (error) {
        print(`FAILED: ${(error as Error).message}\n`);
        return false;
      }
    }
    print("all steps went well\n");
    return true;
  } finally {
    for (const part of parts.toReversed()) await part.stop();
  }
}

/** Fingerprint of the certificate in the client's state folder. */
async function clientFingerprint(dir: string): Promise<string> {
  const [pem = ""] = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/
    .exec(await Deno.readTextFile(`${dir}/client/identity.pem`)) ?? [];
  return new X509Certificate(pem).fingerprint256;
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
