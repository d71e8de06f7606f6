import { beside, type Suite, type Verdicts } from "../suite.ts";
import { debian, pythonBin, pythonGlosson } from "../tools.ts";
import { inPython, type Way, type World } from "../world.ts";
import { startPages } from "./pages.ts";

/** What people and programs make curl do; FILE is a file of 3 MB, and the path comes last. */
const REQUESTS: [what: string, path: string, ...args: string[]][] = [
  ["plain", "/x"],
  ["HTTP/1.0", "/x", "--http1.0"],
  ["HEAD", "/large", "--head"],
  ["a form", "/x", "--data", "a=1&b=2"],
  ["a form in the query", "/x", "--get", "--data-urlencode", "q=a b&c"],
  ["JSON", "/x", "--json", '{"a":1}'],
  ["multipart", "/x", "--form", "file=@FILE;type=text/x", "--form", "name=ö"],
  ["a file, PUT", "/x", "--upload-file", "FILE"],
  ["a file in chunks", "/x", "--upload-file", "FILE", "--header", "Transfer-Encoding: chunked"],
  ["a file without Expect", "/x", "--upload-file", "FILE", "--header", "Expect:"],
  ["a file as data", "/x", "--data-binary", "@FILE"],
  ["GET with a body", "/x", "--request", "GET", "--data", "q"],
  ["DELETE without a body", "/x", "--request", "DELETE"],
  ["DELETE with a body", "/x", "--request", "DELETE", "--data", "q"],
  ["POST without a body", "/x", "--request", "POST"],
  ["an empty POST", "/x", "--data", ""],
  ["PATCH", "/x", "--request", "PATCH", "--data", "q"],
  ["OPTIONS *", "/", "--request", "OPTIONS", "--request-target", "*"],
  ["a path as it is", "/a/../b/./c//d", "--path-as-is"],
  ["an odd query", "/x?a=it's&b={c}&d=%zz|", "--globoff"],
  ["a header without a value", "/x", "--header", "X-Empty;"],
  ["a header twice", "/x", "--header", "X-A: 1", "--header", "X-A: 2"],
  ["a long header", "/x", "--header", `X-Long: ${"l".repeat(12_000)}`],
  ["Basic authorization", "/x", "--user", "kaylee:pä:ss"],
  ["a bearer", "/x", "--oauth2-bearer", "tok"],
  ["a cookie", "/cookies", "--cookie", "a=1; b=2"],
  ["a range", "/large", "--range", "1000-1999"],
  ["not modified", "/large", "--header", 'If-None-Match: "large"'],
  ["since a time", "/large", "--time-cond", "2020-01-01"],
  ["compressed asked for", "/x", "--compressed"],
  ["transfer compressed asked for", "/x", "--tr-encoding"],
  ["a redirect by path", "/moved", "--location"],
  ["a redirect followed with its method", "/moved", "--location", "--data", "x", "--post302"],
  ["nothing", "/nothing"],
  ["an error with a body", "/gone"],
  ["an error fails", "/gone", "--fail"],
  ["chunks", "/chunks"],
  ["a mebibyte", "/large"],
  ["a mebibyte, slowly", "/large", "--limit-rate", "700k"],
  ["a file, slowly", "/x", "--upload-file", "FILE", "--limit-rate", "2M"],
  ["Referer and User-Agent", "/x", "--referer", "http://a/?b", "--user-agent", "Odd (1)"],
  ["connection closed", "/x", "--header", "Connection: close"],
];

/** Heads that differ by the way itself, not by what was said. */
const OF_THE_WAY =
  /^(date|connection|keep-alive|transfer-encoding|trailer|server|via|alt-svc):.*\r?\n/gim;

/** What curl got, without what is of the connection, the status line's version included. */
async function got(world: World, way: Way, file: string, http: string): Promise<Verdicts> {
  const verdicts: Verdicts = {};
  for (const [what, path, ...args] of REQUESTS) {
    const asked = args.map((arg) => arg.replace("FILE", file));
    const { code, stdout } = await world.run([
      ...["curl", "--silent", "--include", "--max-time", "20", http],
      ...asked,
      `${way.url}${path}`,
    ]);
    const text = stdout
      .replace(/^HTTP\/1\.1 100 [^]*?\r\n\r\n|^HTTP\/2 100 [^]*?\r\n\r\n/gm, "")
      .replace(/^HTTP\/[\d.]+ (\d+).*/gm, "$1")
      .replace(OF_THE_WAY, "")
      // To say that a POST has no body is what a client ought to do (RFC 9110 section 8.6).
      .replace('"content-length":"0",', "")
      // Trailers may be dropped for who did not ask for them.
      .replace(/^x-sum: 20\r\n/m, "")
      .replace(/^([a-z0-9-]+):/gim, (name) => name.toLowerCase())
      .replaceAll(/boundary=[-\w]+/g, "boundary");
    const [head = "", ...body] = text.split("\r\n\r\n");
    // An answer that tells of the request is as long as that was.
    const isEcho = body[0]?.startsWith('{"method"') ?? false;
    const sorted = head.split("\r\n").sort()
      .filter((line) => !isEcho || !line.startsWith("content-length:")).join("; ");
    verdicts[what] = `exit ${code}, ${sorted}, ${sizeOf(what, body.join("\r\n\r\n"))}`;
  }
  return verdicts;
}

/** A body, shortened, and without what a multipart body has at random. */
function sizeOf(what: string, body: string): string {
  const text = what === "multipart" ? body.replace(/"sha256":"\w+"/, "") : body;
  return text.length > 900 ? `${text.length} characters` : text.trim();
}

/** Requests of curl's, in both versions of HTTP, and to the client in Python, which has the older one. */
export const CURL: Suite = {
  name: "curl",
  tools: [debian("curl", "/usr/bin/curl"), pythonGlosson],
  limitMs: 120_000,
  async run(world) {
    const port = await startPages(world);
    const [direct, through] = await world.ways("curl", port);
    const python = `${pythonBin("glosson")}/python`;
    const other = await world.pythonClient(inPython("curl"), python, ["--upstream", `${port}`]);
    const file = `${world.dir}/file`;
    await Deno.writeTextFile(file, "three megabytes\n".repeat(187_500));
    const alone = await got(world, direct, file, "--http1.1");
    const ways = [[through, "--http1.1"], [through, "--http2"], [other, "--http1.1"]] as const;
    const cases = ways.map(async ([way, http]) => {
      const by = way === other ? "the client in Python" : http.slice(2);
      return beside(alone, await got(world, way, file, http)).map(({ what, direct, through }) => {
        const same = agree(direct, through, http);
        return { what: `${what}, ${by}`, direct: "ok", through: same ?? "ok" };
      });
    });
    return (await Promise.all(cases)).flat();
  },
};

/** How two outputs differ; undefined when they do not. */
function agree(direct: string, through: string, http: string): string | undefined {
  // HTTP/2 has no chunks: a length is not said, and Expect not needed.
  const plain = (text: string): string =>
    http === "--http1.1" ? text : text
      .replace(/"(transfer-encoding|expect|content-length)":"[^"]*",?/g, "").replaceAll(",}", "}");
  if (plain(direct) === plain(through)) return undefined;
  let at = 0;
  while (plain(direct)[at] === plain(through)[at]) at++;
  const part = (text: string): string => plain(text).slice(Math.max(0, at - 10), at + 50);
  return `…${part(through)}… in place of …${part(direct)}…`;
}
