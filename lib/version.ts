import project from "../deno.json" with { type: "json" };

/** Version of this program, as in `deno.json`. */
export const VERSION: string = project.version;

/** How the program names itself to others. */
export const SOFTWARE = `glossond/${VERSION}`;
