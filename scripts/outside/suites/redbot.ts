import { beside, type Suite, type Verdicts } from "../suite.ts";
import { pip, pythonBin } from "../tools.ts";
import { visit } from "./python_apps.ts";

/** Files of a folder that is shown; those from 1 KiB on are compressed for who takes that. */
const FILES: Record<string, string> = {
  "index.html": `<!doctype html><title>x</title>${"<p>a page</p>\n".repeat(400)}`,
  "style.css": "p { color: red }\n".repeat(300),
  "data.json": JSON.stringify({ a: "x".repeat(4000) }),
  "small.txt": "a few words\n".repeat(70),
  "picture.svg": `<svg xmlns="http://www.w3.org/2000/svg">${"<g/>".repeat(500)}</svg>`,
};

/** REDbot's opinion of what the client says of files and its own pages: nothing of it may be wrong. */
export const REDBOT: Suite = {
  name: "redbot",
  tools: [pip("redbot", "redbot==2.7.1", "thor==0.17.0", "httplint==2026.10.4")],
  limitMs: 60_000,
  async run(world) {
    const folder = `${world.dir}/folder`;
    await Deno.mkdir(folder);
    for (const [name, text] of Object.entries(FILES)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const { url } = await world.client("redbot", ["--dir", folder]);
    const python = `${pythonBin("redbot")}/python`;
    const through: Verdicts = {};
    for (const path of ["", ...Object.keys(FILES), "not-there"]) {
      const said = await visit(world, python, "redbot_visitor.py", `${url}/${path}`);
      Object.assign(through, said);
    }
    const right: Verdicts = Object.fromEntries(Object.keys(through).map((what) => [what, "ok"]));
    return beside(right, through);
  },
};
