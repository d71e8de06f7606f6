const FENCE = /^( *)(```+|~~~+) *(\w*)[^\n]*\n([^]*?)^\1\2 *$/gm;

/** A document's text without fenced blocks and code in the line. */
export function proseOf(text: string): string {
  return text.replace(FENCE, "").replace(/`[^`\n]+`/g, "");
}

/** The anchors of a document's headings, as the forges make them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of text.replace(FENCE, "").matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * The commands in fenced blocks of shell, each as its words: comments dropped, lines joined that a
 * backslash continues, pipes, lists and quoted scripts taken apart.
 */
export function shellLines(text: string): string[][] {
  return [...text.matchAll(FENCE)]
    .filter(([, , , language]) => language === "sh" || language === "bash")
    .flatMap(([, , , , block]) => block!.replace(/\\\n\s*/g, " ").split("\n"))
    .map((line) => line.replace(/(^|\s)#.*$/, "").replace(/["']/g, " "))
    .flatMap((line) => line.split(/&&|\|\|?|;/))
    .map((line) => line.trim().split(/\s+/).filter((word) => word !== ""))
    .filter((words) => words.length > 0);
}
