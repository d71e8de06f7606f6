import project from "../deno.json" with { type: "json" };
// Without a commit in the source tree: scripts/compile.ts fills it in for the executable.
import build from "./build.json" with { type: "json" };

/** Version of this program, as in `deno.json`. */
export const VERSION: string = project.version;

/** Commit that an executable was compiled from; empty when the program runs from its source. */
export const COMMIT: string = build.commit;

/** How the program names itself to others. */
export const SOFTWARE = `glossond/${VERSION}`;
