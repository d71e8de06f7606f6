import { listOf } from "../http/fields.ts";
import type { VisitorRequest } from "./exchange.ts";

/** Smallest body that is worth it, bytes. */
const MIN_BYTES = 1024;

/** What becomes smaller; the rest is compressed already. */
const COMPRESSIBLE =
  /^(?:text\/(?!event-stream)|application\/(?:javascript|json|xml|wasm|manifest\+json)|image\/(?:svg\+xml|bmp))|\+(?:json|xml)/i;

/**
 * The answer with its body compressed, where the visitor takes that and it makes a difference.
 *
 * @param response of this program: its fields are changed.
 */
export function compressed(
  request: Pick<VisitorRequest, "method" | "fields">,
  response: Response,
): Response {
  const { status, headers, body } = response;
  const type = headers.get("content-type") ?? "";
  if (!COMPRESSIBLE.test(type) || headers.has("content-encoding")) return response;
  // Of a part, what it is of (RFC 9110 section 14.4): it has the validator and `Vary` of the whole.
  const [, whole] = /\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  const length = whole ?? headers.get("content-length");
  if (length !== null && Number(length) < MIN_BYTES) return response;
  // Caches must know that the answer depends on it, also where it makes no difference now.
  headers.append("vary", "Accept-Encoding");
  const takesGzip = listOf(request.fields, "accept-encoding")
    .some((member) => /^(?:gzip|\*)(?:;q=(?!0(?:\.0*)?$).*)?$/.test(member.replaceAll(" ", "")));
  // A 304 has the validator and `Vary` of the answer that it stands for (RFC 9110 section 15.4.5).
  const hasBody = body !== null || request.method === "HEAD" || status === 304;
  if (!(status === 200 || status === 304) || !takesGzip || !hasBody) return response;
  const etag = headers.get("etag");
  // Not byte for byte the file any more (RFC 9110 section 8.8.3.3).
  if (etag?.startsWith('"')) headers.set("etag", `W/${etag}`);
  if (status === 304) return response;
  headers.set("content-encoding", "gzip");
  headers.delete("content-length");
  headers.delete("accept-ranges");
  const small = body?.pipeThrough(new CompressionStream("gzip")) ?? null;
  return new Response(small, { status, headers });
}
