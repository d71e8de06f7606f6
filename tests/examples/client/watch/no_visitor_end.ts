import type { VisitorEnd } from "../../../../examples/client/visitor_end.ts";

/** An end at which nobody is served, for those who only look. */
export const NO_VISITOR_END: VisitorEnd = {
  connections: 0,
  use: () => Promise.resolve(),
  makeRoom: () => true,
  renew: () => {},
  serve: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};
