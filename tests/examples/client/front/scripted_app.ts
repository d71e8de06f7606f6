import type { FrontOptions } from "../../../../examples/client/front/front.ts";
import type { UpstreamOptions } from "../../../../examples/client/proxy/pass.ts";
import type { HttpExchange } from "../http_exchange.ts";
import { appFronted, type Fronted, HOSTNAME } from "./fronted.ts";
import { program, type Said } from "./programs.ts";

/** A request as an app got it, one character a byte. */
export interface Got {
  /** The request line. */
  line: string;
  /** Fields in their order, without the edges of their values. */
  fields: [name: string, value: string][];
  body: string;
  /** The body as it was framed, and what came behind it. */
  raw: string;
}

/** Values of a field, in their order. */
export function values(fields: readonly (readonly [string, string])[], name: string): string[] {
  return fields.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
}

/** Reads a request whose body is told by length or in chunks. */
export async function readRequest(
  exchange: Pick<HttpExchange, "head" | "bytes">,
): Promise<Got> {
  const head = await exchange.head();
  const [line = "", ...lines] = head.trimEnd().split("\r\n");
  const fields = lines.map((text): [string, string] => {
    const colon = text.indexOf(":");
    return [text.slice(0, colon), text.slice(colon + 1).trim()];
  });
  if (values(fields, "transfer-encoding").length === 0) {
    const body = await exchange.bytes(Number(values(fields, "content-length")[0] ?? 0));
    return { line, fields, body, raw: body };
  }
  let [body, raw] = ["", ""];
  const upTo = async (mark: string): Promise<string> => {
    let text = "";
    while (!text.endsWith(mark)) text += await exchange.bytes(1);
    raw += text;
    return text;
  };
  while (true) {
    const size = parseInt(await upTo("\r\n"), 16);
    if (size === 0) break;
    const chunk = await exchange.bytes(size + 2);
    raw += chunk;
    body += chunk.slice(0, -2);
  }
  while (await upTo("\r\n") !== "\r\n");
  return { line, fields, body, raw };
}

/** An answer as curl shows it. */
export interface Shown extends Said {
  /** Heads, trailers and body, as `--include` writes them. */
  text: string;
}

/** A front with an app that answers every request with the same bytes, and keeps what it got. */
export interface Scripted extends Fronted {
  got: Got[];
  /** Runs curl for a path, with its answer's head; `version` is its option for that. */
  curl(version: string, path: string, ...args: string[]): Promise<Shown>;
}

/** The versions of HTTP that visitors speak, as curl has them. */
export const VERSIONS = ["--http1.1", "--http2"] as const;

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Passes visitors on to an app that says `answer`, and ends. */
export async function scripted(
  use: (scripted: Scripted) => Promise<void>,
  {
    answer = OK,
    read = readRequest,
    ...options
  }: Partial<FrontOptions & UpstreamOptions> & {
    answer?: string | ((got: Got, exchange: HttpExchange) => Promise<void>);
    read?: (exchange: HttpExchange) => Promise<Got>;
  } = {},
): Promise<void> {
  const got: Got[] = [];
  const folder = await Deno.makeTempDir({ prefix: "glosson_test_" });
  try {
    await appFronted(async (exchange) => {
      const one = await read(exchange);
      got.push(one);
      if (typeof answer === "string") await exchange.sendBytes(answer);
      else await answer(one, exchange);
    }, async (world) => {
      const ca = `${folder}/ca.pem`;
      await Deno.writeTextFile(ca, world.pem);
      await use({
        ...world,
        got,
        curl: (version, path, ...args) =>
          program("curl", [
            ...["--silent", "--show-error", "--include", "--path-as-is", "--cacert", ca, version],
            ...["--resolve", `${HOSTNAME}:${world.port}:127.0.0.1`, "--max-time", "20"],
            ...args,
            `https://${HOSTNAME}:${world.port}${path}`,
          ]),
      });
    }, options);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
