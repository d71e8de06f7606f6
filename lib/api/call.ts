import type { z } from "zod";
import type { Refusal } from "../wire/problems.ts";
import type { ProblemIn, Route, RouteName, ROUTES } from "./routes.ts";
import type { AccountView, ApiBindings } from "./services.ts";

/*
 * What a handler gets and what it may answer, by the entry of its route: one that answers a status, a
 * body or a problem that its entry does not list does not compile.
 */

/** A request to a route, checked as far as its entry says. */
export interface Call<R extends Route> extends ApiBindings {
  request: Request;
  /** What varies in the path. */
  params: Record<ParamOf<R["path"]>, string>;
  body: R extends { body: { schema: infer Schema extends z.ZodType } } ? z.infer<Schema>
    : undefined;
  /** The account that the request's token belongs to; undefined where anybody may ask. */
  account: R["caller"] extends "account" ? AccountView : undefined;
}

type ParamOf<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamOf<Rest>
  : never;

/** What a route may be answered with: 101 as what takes the WebSocket over stands for it. */
export type Reply<R extends Route> =
  | { [Status in keyof R["answers"]]: ReplyOf<Status, R["answers"][Status]> }[keyof R["answers"]]
  | Refusal<ProblemIn<R>>;

type ReplyOf<Status, Answer> = Status extends 101 ? Response
  :
    & { status: Status }
    & (Answer extends { body: infer Schema extends z.ZodType } ? { body: z.infer<Schema> }
      : unknown)
    & (Answer extends { headers: readonly (infer Name extends string)[] }
      ? { headers?: { [N in Name]?: string } }
      : unknown);

/** One handler a route. */
export type Handlers<Services> = {
  [Name in RouteName]: (
    services: Services,
    call: Call<(typeof ROUTES)[Name]>,
  ) => Reply<(typeof ROUTES)[Name]> | Promise<Reply<(typeof ROUTES)[Name]>>;
};
