/**
 * Installs what the system tests need from Debian, where it is missing.
 *
 * Run as `deno run -A scripts/system_packages.ts`; needs root (or nothing to install).
 */
import { existsSync } from "node:fs";

/** Packages by a file that each brings. */
const PACKAGES: Record<string, string> = {
  "bind9": "/usr/sbin/named",
  "bind9-dnsutils": "/usr/bin/delv",
  "chromium": "/usr/bin/chromium",
  "e2fsprogs": "/usr/sbin/mkfs.ext4",
  "knot": "/usr/sbin/knotd",
  "curl": "/usr/bin/curl",
  "libfaketime": "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "openssl": "/usr/bin/openssl",
  "pebble": "/usr/bin/pebble",
  "pdns-server": "/usr/sbin/pdns_server",
  "pdns-backend-sqlite3": "/usr/lib/x86_64-linux-gnu/pdns/libgsqlite3backend.so",
  "pgbouncer": "/usr/sbin/pgbouncer",
  "postgresql": "/usr/share/doc/postgresql/copyright",
  "sqlite3": "/usr/bin/sqlite3",
  "nftables": "/usr/sbin/nft",
  "libnss3-tools": "/usr/bin/certutil",
  "haproxy": "/usr/sbin/haproxy",
  "libnginx-mod-stream": "/usr/lib/nginx/modules/ngx_stream_module.so",
  "caddy": "/usr/bin/caddy",
  "lego": "/usr/bin/lego",
  "nghttp2-client": "/usr/bin/nghttp",
  "sniproxy": "/usr/sbin/sniproxy",
  "sslh": "/usr/sbin/sslh-select",
  "apache2": "/usr/sbin/apache2",
  "prometheus": "/usr/bin/promtool",
  "systemd": "/usr/bin/systemd-analyze",
  "lintian": "/usr/bin/lintian",
  "man-db": "/usr/bin/man",
  "strace": "/usr/bin/strace",
  "procps": "/usr/bin/pgrep",
  "iproute2": "/bin/ip",
  "zsh": "/usr/bin/zsh",
  "fish": "/usr/bin/fish",
  "python3-venv": "/usr/share/doc/python3-venv/copyright",
  "python3-websockets": "/usr/lib/python3/dist-packages/websockets",
  "python3-cryptography": "/usr/lib/python3/dist-packages/cryptography",
  "python3-pytest": "/usr/lib/python3/dist-packages/pytest",
};

async function apt(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command("apt-get", {
    args: ["-qq", "-o", "Dpkg::Use-Pty=0", ...args],
    // In runlevel 1 no package starts its service: tests start their own.
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`Cannot run apt-get ${args.join(" ")}: see above`);
}

const missing: string[] = [];
for (const [name, file] of Object.entries(PACKAGES)) {
  if (!existsSync(file)) missing.push(name);
}
if (missing.length > 0) {
  Deno.stdout.writeSync(new TextEncoder().encode(`installing ${missing.join(" ")} …\n`));
  await apt("update");
  await apt("install", "--yes", "--no-install-recommends", ...missing);
}
