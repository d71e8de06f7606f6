/** Header fields that tell what to do next, as OpenAPI describes them. */
export const HEADERS = {
  "Retry-After": {
    description: "Seconds after which to ask again",
    schema: { type: "integer", minimum: 1 },
  },
  "Location": { description: "Where to ask for it", schema: { type: "string" } },
  "Accept-Encoding": { description: "identity", schema: { type: "string" } },
  "WWW-Authenticate": { description: "Bearer", schema: { type: "string" } },
  "Upgrade": { description: "websocket", schema: { type: "string" } },
};

/** Name of a header field that answers are described with. */
export type HeaderName = keyof typeof HEADERS;

/** Header fields that come with problems of a status. */
export const PROBLEM_HEADERS: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ["WWW-Authenticate"],
  415: ["Accept-Encoding"],
  426: ["Upgrade"],
  429: ["Retry-After"],
  503: ["Retry-After"],
};
