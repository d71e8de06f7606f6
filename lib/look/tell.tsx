import type { JSX } from "hono/jsx/jsx-runtime";
import type { Answer } from "./answer.ts";
import { type Language, languageOf } from "./language.ts";
import { type Notice, NoticePage } from "./notice.tsx";
import type { SceneKind } from "./scene.tsx";

/** What a request says of whom a page is for. */
export interface Asked {
  language: Language;
  /** The address of the page, relative to itself, so that it cannot lead to another host. */
  url: string;
  /** Whether the visitor sent something that is not to be sent again by itself, as a form. */
  sent: boolean;
}

/** Reads a request for {@linkcode Asked}. */
export function askedBy(
  { method, headers, url }: Pick<Request, "method" | "headers" | "url">,
): Asked {
  const { pathname, search } = new URL(url);
  return {
    language: languageOf(headers.get("Accept-Language")),
    url: `./${pathname.slice(pathname.lastIndexOf("/") + 1)}${search}`,
    sent: method !== "GET" && method !== "HEAD",
  };
}

/** What a page tells, and how. */
export interface Told extends Pick<Answer, "status" | "page" | "text" | "retryAfterS"> {
  scene: SceneKind;
  notice: Notice;
  /** Somebody's own words. */
  quote?: string | undefined;
  /** When the page is loaded again where scripts are off, seconds. @default {retryAfterS} */
  reloadS?: number;
}

/** Makes the answer that tells one thing; where that passes, its page is loaded again. */
export function tell({ language, url, sent }: Asked, told: Told, footer: JSX.Element): Answer {
  const { scene, notice, quote, reloadS = told.retryAfterS, ...answer } = told;
  const { page } = answer;
  const retry = reloadS === undefined ? undefined : { afterS: reloadS, url };
  const body = <NoticePage {...{ language, page, footer, scene, notice, quote, retry, sent }} />;
  return { ...answer, language, body };
}
