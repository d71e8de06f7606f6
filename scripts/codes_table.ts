import { codes } from "../lib/command/explain.ts";

/** The document about codes in Markdown, all of it. */
export function codesDocument(): string {
  const kinds = Map.groupBy(codes(), ({ kind }) => kind.replace(/, .*/, ""));
  const parts = [...kinds].map(([kind, all]) =>
    [
      `## ${HEADINGS[kind]!}`,
      "",
      "| code | where | what it means |",
      "|---|---|---|",
      ...all.map(({ code, kind, text }) => `| \`${code}\` | ${kind} | ${text} |`),
      "",
    ].join("\n")
  );
  return `${HEAD}\n${parts.join("\n")}`;
}

const HEAD = `# What codes mean

Made by \`deno task settings\` of the tables that the relay itself goes by; \`glossond explain CODE\` tells one
of them.
`;

const HEADINGS: Record<string, string> = {
  "visitor": "Visitors, as status, metrics and the log count them",
  "data port": "Data connections that are refused",
  "way of a client": "Ways of clients to the data port",
  "bio script": "Runs of the bio script",
  "user": "States of a user",
  "problem": "Problems of the API",
  "close code": "Close codes of WebSockets",
  "metric": "Metrics",
};
