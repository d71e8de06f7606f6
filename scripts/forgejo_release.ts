/**
 * Makes a release at a Forgejo or Gitea server and attaches files to it, as a step of a workflow.
 *
 * Run as `deno run -A scripts/forgejo_release.ts NOTES FILE...`; the server, the repository and the
 * tag come from the variables that the runner sets, the token from TOKEN.
 */
import { basename } from "node:path";
import { headerSecret } from "../lib/wire/secret.ts";
import { runScript } from "./command_line.ts";

/** What the runner's variables tell. */
export interface ReleaseTarget {
  /** Such as `https://git.example/api/v1`. */
  apiUrl: string;
  /** `owner/name`. */
  repository: string;
  tag: string;
  token: string;
}

/**
 * Makes the release and attaches the files; a draft until all of them are there.
 *
 * @throws {Error} when the server refuses a step; what was made by then stays a draft.
 */
export async function release(
  target: ReleaseTarget,
  notes: string,
  files: readonly { name: string; content: Blob }[],
): Promise<void> {
  const { apiUrl, repository, tag, token } = target;
  const releases = `${apiUrl}/repos/${repository}/releases`;

  async function send(method: string, url: string, body: BodyInit, type?: string) {
    const response = await fetch(url, {
      method,
      body,
      headers: {
        Authorization: `token ${headerSecret("TOKEN", token)}`,
        ...(type !== undefined && { "Content-Type": type }),
      },
    });
    if (response.ok) return await response.json() as { id: number };
    throw new Error(
      `${method} ${url}: ${response.status} ${(await response.text()).slice(0, 500)}`,
    );
  }

  const json = "application/json";
  const draft = JSON.stringify({
    tag_name: tag,
    name: `glossond ${tag}`,
    body: notes,
    draft: true,
    prerelease: tag.includes("-"),
  });
  const { id } = await send("POST", releases, draft, json);
  for (const { name, content } of files) {
    const form = new FormData();
    form.append("attachment", content, name);
    await send("POST", `${releases}/${id}/assets?name=${encodeURIComponent(name)}`, form);
  }
  await send("PATCH", `${releases}/${id}`, JSON.stringify({ draft: false }), json);
}

function variable(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set; this is a step of a workflow`);
  return value;
}

if (import.meta.main) {
  await runScript(async () => {
    const [notes, ...paths] = Deno.args;
    if (notes === undefined || paths.length === 0) throw new Error("name the notes and the files");
    const server = variable("GITHUB_SERVER_URL");
    await release(
      {
        apiUrl: Deno.env.get("GITHUB_API_URL") || `${server}/api/v1`,
        repository: variable("GITHUB_REPOSITORY"),
        tag: variable("GITHUB_REF_NAME"),
        token: variable("TOKEN"),
      },
      await Deno.readTextFile(notes),
      await Promise.all(paths.map(async (path) => ({
        name: basename(path),
        content: new Blob([await Deno.readFile(path)]),
      }))),
    );
  });
}
