import { freePort } from "../../ports.ts";
import { beside, type Case, type Suite, type Verdicts } from "../suite.ts";
import { debian } from "../tools.ts";
import { type Way, type World } from "../world.ts";

const apache = debian("apache2", "/usr/sbin/apache2");
const nginx = debian("nginx", "/usr/sbin/nginx");
const litmus = debian("litmus", "/usr/bin/litmus");
const MODULES = "/usr/lib/apache2/modules";

/** Runs a program as Debian's user of web servers. */
const AS_APACHE = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups"];

async function ownedByApache(world: World, path: string): Promise<void> {
  const { code, stderr } = await world.run(["chown", "-R", "www-data:www-data", path]);
  if (code !== 0) throw new Error(`Cannot give ${path} to www-data: ${stderr}`);
}

/** Starts Apache with a folder of pages, WebDAV and git repositories. */
async function startApache(world: World): Promise<number> {
  const port = freePort();
  const { dir } = world;
  for (const folder of ["docs/sub", "dav", "repos"]) {
    await Deno.mkdir(`${dir}/site/${folder}`, { recursive: true });
  }
  await Deno.writeTextFile(`${dir}/site/docs/index.html`, "docs\n");
  await Deno.writeTextFile(`${dir}/site/docs/sub/index.html`, "sub\n");
  const modules = [
    ...[
      "mpm_event",
      "authz_core",
      "dir",
      "dav",
      "dav_fs",
      "alias",
      "env",
      "cgid",
      "mime",
      "autoindex",
    ],
  ].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
  await Deno.writeTextFile(
    `${dir}/apache.conf`,
    `${modules.join("\n")}
Listen 127.0.0.1:${port}
ServerName localhost
PidFile ${dir}/apache.pid
ErrorLog ${dir}/apache.log
DefaultRuntimeDir ${dir}
ScriptSock ${dir}/cgi.sock
TypesConfig /etc/mime.types
DocumentRoot ${dir}/site
DavLockDB ${dir}/locks
<Directory />
  Require all granted
</Directory>
<Location /dav>
  Dav On
</Location>
SetEnv GIT_PROJECT_ROOT ${dir}/site/repos
SetEnv GIT_HTTP_EXPORT_ALL
SetEnv REMOTE_USER kaylee
ScriptAlias /git/ /usr/lib/git-core/git-http-backend/
`,
  );
  // Debian's Apache serves nothing as root.
  await Deno.chmod(dir, 0o711);
  await ownedByApache(world, dir);
  const argv = ["/usr/sbin/apache2", "-DFOREGROUND", "-f", `${dir}/apache.conf`];
  await world.start([...AS_APACHE, ...argv], port, { env: { HOME: dir } });
  return port;
}

/** Starts nginx with a folder of pages, as it comes. */
async function startNginx(world: World): Promise<number> {
  const port = freePort();
  const { dir } = world;
  await Deno.mkdir(`${dir}/pages/docs/sub`, { recursive: true });
  await Deno.writeTextFile(`${dir}/pages/docs/index.html`, "docs\n");
  await Deno.writeTextFile(`${dir}/pages/docs/sub/index.html`, "sub\n");
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${dir}/${name};`).join(" ");
  await Deno.writeTextFile(
    `${dir}/nginx.conf`,
    `user root; daemon off; pid nginx.pid; error_log nginx.log; events {}
http {
  access_log off; ${temp}
  server {
    listen 127.0.0.1:${port};
    root ${dir}/pages;
    location /moved { return 301 /docs/; }
    location /there { return 302 $scheme://$http_host/docs/; }
  }
}
`,
  );
  const args = ["-c", `${dir}/nginx.conf`, "-p", dir, "-e", "nginx.log"];
  await world.start(["/usr/sbin/nginx", ...args], port);
  return port;
}

/** Where redirects of a server lead to, as a browser would go. */
async function redirects(world: World, way: Way, paths: string[]): Promise<Verdicts> {
  const verdicts: Verdicts = {};
  for (const path of paths) {
    const { stdout } = await world.run([
      ...["curl", "--silent", "--output", "/dev/null", "--max-time", "10"],
      ...["--write-out", "%{http_code} %{redirect_url}", `${way.url}${path}`],
    ]);
    const [status = "", location = ""] = stdout.split(" ");
    // The scheme is the server's to know: it is not told of X-Forwarded-Proto here.
    const there = location.replace(/^https?:/, "").replace(`//${new URL(way.url).host}`, "HOST");
    verdicts[path] = `${status} ${there}`;
  }
  return verdicts;
}

/** Verdicts of litmus, by program and test. */
async function webdav(world: World, { url }: Way): Promise<Verdicts> {
  const { stdout, stderr } = await world.run(["litmus", "-k", `${url}/dav/`], {
    // It keeps its place in the folder, and the sockets' part needs none of ours.
    cwd: world.dir,
    env: { TESTS: "basic copymove props locks http" },
  });
  const verdicts: Verdicts = {};
  let program = "";
  for (const line of stdout.split(/[\r\n]/)) {
    program = /^-> running `(\w+)'/.exec(line)?.[1] ?? program;
    const [, test, verdict] = /^\s*\d+\. (\w+)\.+ (pass|FAIL|SKIPPED)/.exec(line) ?? [];
    if (test !== undefined && test !== "finish") {
      verdicts[`${program} ${test}`] = verdict === "pass" ? "ok" : verdict!;
    }
  }
  if (Object.keys(verdicts).length === 0) {
    throw new Error(`litmus said ${(stdout + stderr).slice(-300)}`);
  }
  return verdicts;
}

/** What git does with a repository of its own over HTTP. */
async function git(world: World, way: Way, name: string): Promise<Verdicts> {
  const remote = `${way.url}/git/${name}.git`;
  const work = `${world.dir}/${name}`;
  const bare = `${world.dir}/site/repos/${name}.git`;
  const identity = ["-c", "user.name=Kaylee", "-c", "user.email=kaylee@localhost"];
  const in_ = (...args: string[]): string[] => ["git", "-C", work, ...identity, ...args];
  const verdicts: Verdicts = {};
  async function step(what: string, ...commands: string[][]): Promise<void> {
    for (const command of commands) {
      const { code, stderr } = await world.run(command, { env: { GIT_TERMINAL_PROMPT: "0" } });
      if (code === 0) continue;
      verdicts[what] = stderr.trim().split("\n").at(-1)!.slice(0, 100);
      return;
    }
    verdicts[what] = "ok";
  }
  await step("a bare repository", ["git", "init", "-q", "--bare", bare], [
    ...["git", "-C", bare, "config", "http.receivepack", "true"],
  ]);
  await ownedByApache(world, bare);
  await step("clone, empty", ["git", "clone", "-q", remote, work]);
  await Deno.writeFile(`${work}/large`, crypto.getRandomValues(new Uint8Array(60_000)));
  for (let i = 0; i < 80; i++) {
    await Deno.writeFile(`${work}/large`, crypto.getRandomValues(new Uint8Array(60_000)), {
      append: true,
    });
  }
  await step("commit", in_("add", "large"), in_("commit", "-q", "-m", "large"));
  // More than http.postBuffer: in chunks, after a probe.
  await step("push of 5 MB", in_("push", "-q", "origin", "HEAD:refs/heads/main"));
  await step("push of little", in_("commit", "-q", "--allow-empty", "-m", "empty"), [
    ...in_("push", "-q", "origin", "HEAD:refs/heads/main"),
  ]);
  await step("clone", ["git", "clone", "-q", "-b", "main", remote, `${work}-again`], [
    ...["cmp", `${work}/large`, `${work}-again/large`],
  ]);
  await step("shallow clone", [
    "git",
    "clone",
    "-q",
    "--depth=1",
    "-b",
    "main",
    remote,
    `${work}-shallow`,
  ]);
  await step("fetch and prune", in_("fetch", "-q", "--prune"));
  return verdicts;
}

/** Servers of files, as Debian has them. */
export const SERVER_SUITES: Suite[] = [
  {
    name: "apache",
    tools: [apache],
    limitMs: 60_000,
    async run(world) {
      const [direct, through] = await world.ways("apache", await startApache(world));
      return await sameRedirects(world, direct, through, ["/docs", "/docs/sub", "/docs/", "/none"]);
    },
  },
  {
    name: "nginx",
    tools: [nginx],
    limitMs: 60_000,
    async run(world) {
      const [direct, through] = await world.ways("nginx", await startNginx(world));
      const paths = ["/docs", "/docs/sub?x=y", "/docs/", "/moved", "/there", "/none"];
      return await sameRedirects(world, direct, through, paths);
    },
  },
  {
    name: "webdav",
    tools: [apache, litmus],
    limitMs: 90_000,
    async run(world) {
      const [direct, through] = await world.ways("webdav", await startApache(world));
      // litmus trusts no authority that it was not built with.
      const port = world.withoutTls(through.hostname, through.port, "http/1.1");
      const url = `http://${through.hostname}:${port}`;
      const alone = await webdav(world, direct);
      return beside(alone, await webdav(world, { ...through, url }));
    },
  },
  {
    name: "git",
    tools: [apache],
    limitMs: 90_000,
    async run(world) {
      const [direct, through] = await world.ways("git", await startApache(world));
      return beside(await git(world, direct, "direct"), await git(world, through, "through"));
    },
  },
];

async function sameRedirects(
  world: World,
  direct: Way,
  through: Way,
  paths: string[],
): Promise<Case[]> {
  return beside(await redirects(world, direct, paths), await redirects(world, through, paths));
}
