/** What the relay's pages and its API answer, each by its status. */
export interface OddHttp {
  what: string;
  /** `HOST` stands for the name that the connection is for, `/PATH` for one that there is. */
  request: string;
  /** Statuses of the answers of the pages, in their order. */
  pages: number[];
  /** Of the API. */
  control: number[];
  /** Where the request goes at the API. @default {"/v1/relay"} */
  apiPath?: string;
  /** Whether the API's connection can be used again. @default {false} */
  open?: boolean;
  /** Why it is right, where the status alone does not tell. */
  why?: string;
}

/** The beginning of a GET request, up to its other fields. */
export const GET = "GET /PATH HTTP/1.1\r\nHost: HOST\r\n";
/** The same of POST. */
export const POST = "POST /PATH HTTP/1.1\r\nHost: HOST\r\n";
/** One that would be answered, at least by 421. */
export const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: kaylee.example\r\n\r\n";

/** A request that is refused for its form: one answer, and no second request is looked for. */
export function bad(what: string, request: string, why?: string): OddHttp {
  return { what, request, pages: [400], control: [400], ...(why && { why }) };
}

/** A request that is as good as any. */
export function good(what: string, request: string, why?: string): OddHttp {
  return { what, request, pages: [200], control: [200], open: true, ...(why && { why }) };
}
