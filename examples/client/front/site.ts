import { type Framing } from "../http/body.ts";
import type { Field } from "../http/fields.ts";
import { compressed } from "./compress.ts";
import type { Handler, Visitor } from "./exchange.ts";

/** Answers a visitor's request from this program itself. */
export type Site = (request: Request, visitor: Visitor) => Response | Promise<Response>;

/** Names and values that a `Headers` would not take, or that it is not to have. */
const NOT_FOR_SITES = /^(?:content-length|transfer-encoding|connection|upgrade|expect)$/i;

/** Lets a {@linkcode Site} answer; it is not given the body of a request. */
export function siteHandler(site: Site): Handler {
  return async ({ request, answer, visitor }) => {
    const url = URL.parse(request.target, `https://${request.host}`) ??
      new URL(`https://${request.host}/`);
    const headers = new Headers(
      request.fields.filter(([name]) => !NOT_FOR_SITES.test(name)).map(([n, v]) => [n, v]),
    );
    const method = request.method;
    const response = compressed(
      request,
      await site(new Request(url, { method, headers }), visitor),
    );
    const fields: Field[] = [...response.headers].map(([name, value]) => [name, value]);
    if (!response.headers.has("date")) fields.push(["Date", new Date().toUTCString()]);
    const reader = response.body?.getReader();
    try {
      await answer.begin(
        { status: response.status, reason: response.statusText, fields },
        framingOf(method, response),
      );
      for (let next; reader && !(next = await reader.read()).done;) await answer.write(next.value);
      await answer.finish([]);
    } finally {
      // Does nothing to a body that was read to its end.
      await reader?.cancel().catch(() => {});
    }
  };
}

function framingOf(method: string, { status, headers, body }: Response): Framing {
  if (method === "HEAD" || status === 304 || status === 204) return { kind: "none" };
  if (body === null) return { kind: "length", length: 0 };
  const length = headers.get("content-length");
  return length === null ? { kind: "chunked" } : { kind: "length", length: Number(length) };
}
