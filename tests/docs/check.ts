/**
 * Checks that what documents name exists: files, headings, tasks, commands and their options.
 */
import { existsSync } from "node:fs";
import { posix } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { commandProblem } from "./commands.ts";
import { anchorsOf, proseOf, shellLines } from "./markdown.ts";

/** What was wrong, and how much was looked at: a check that finds nothing to check is broken. */
export interface Findings {
  problems: string[];
  links: number;
  anchors: number;
  tasks: number;
  commands: number;
  paths: number;
}

/** Folders that are not the project's own text. */
const SKIPPED = new Set([".git", "node_modules", "state", "dist", "artefacts", "bios"]);

/** All Markdown files below `root`, relative to it. */
export function markdownFiles(root: string, folder = ""): string[] {
  return [...Deno.readDirSync(root + folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return SKIPPED.has(name) ? [] : markdownFiles(root, `${folder}${name}/`);
    return name.endsWith(".md") ? [folder + name] : [];
  }).sort();
}

/** Looks at everything that the document `file` below `root` names, and notes it in `found`. */
export function checkDocument(root: string, file: string, text: string, found: Findings): void {
  const say = (problem: string) => found.problems.push(`${file}: ${problem}`);
  for (const target of linksOf(text)) {
    const [path = "", anchor] = target.split("#");
    found.links++;
    const linked = path === "" ? file : posix.join(posix.dirname(file), decodeURI(path));
    if (!existsSync(root + linked)) {
      say(`no file ${path}`);
    } else if (anchor !== undefined) {
      found.anchors++;
      const there = path === "" ? text : Deno.readTextFileSync(root + linked);
      if (!anchorsOf(there).has(anchor)) say(`no heading for ${target}`);
    }
  }
  for (const [, task] of text.matchAll(/\bdeno(?:@[\d.]+)? task (?:--quiet )?([\w:]+)/g)) {
    found.tasks++;
    if (!Object.hasOwn(project.tasks, task!)) say(`no task ${task}`);
  }
  for (const words of shellLines(text)) {
    for (const word of words) {
      if (!/^(examples|scripts)\//.test(word)) continue;
      found.paths++;
      if (!existsSync(root + word)) say(`no file ${word}`);
    }
    const outcome = commandProblem(root, words);
    if (outcome === undefined) continue;
    found.commands++;
    if (outcome !== "") say(outcome);
  }
}

/** Targets of links that are relative, in the text and at its references. */
function linksOf(text: string): string[] {
  const prose = proseOf(text);
  const inline = prose.matchAll(/\]\(<?([^()\s>]+)>?(?:\s+"[^"]*")?\)/g);
  const references = prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm);
  return [...inline, ...references].map((match) => match[1]!)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}
