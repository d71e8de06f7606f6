import { type Ran, run } from "../../../scripts/run.ts";
/** A file to be there for the units, by its whole path. */
export interface PlacedFile {
  text?: string;
  /** A file of this machine to copy instead. */
  from?: string;
  /** As `chmod` takes it. @default {"644"} */
  mode?: string;
}

/** A systemd that runs with file systems and processes of its own. */
export interface Systemd extends AsyncDisposable {
  /** Runs a program where the units run; returns its code and all that it wrote. */
  run(program: string, ...args: string[]): Promise<{ code: number; text: string }>;
  /** Where this machine sees the files that are there. */
  readonly root: string;
  /** Runs `systemctl`, failing with what it says. */
  systemctl(...args: string[]): Promise<string>;
  /** Writes a file there. */
  write(path: string, text: string): Promise<void>;
}

/** Options for {@linkcode startSystemd}. */
export interface SystemdOptions {
  /** Whether it has a network of its own, with nothing but loopback. @default {false} */
  ownNetwork?: boolean;
}

/** Targets that units name; none of them starts anything here. */
const TARGETS = ["sysinit", "basic", "shutdown", "umount", "sockets", "network", "network-online"];

/** Writable from here, and empty or a copy: this machine's own stay as they are. */
const SCRIPT = `set -e
# Not this machine's mounts any more, and shared again: systemd hands credentials on by it.
mount --make-rprivate /
mount --make-rshared /
mount -t proc proc /proc
if [ "$2" = own-network ]; then ip link set lo up; fi
mount -t tmpfs -o mode=755 tmpfs /run
umount -R /sys/fs/cgroup || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/etc/upper /run/etc/work /run/units /run/generators
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc
mount -t tmpfs -o mode=755 tmpfs /etc/systemd/system
mount -t tmpfs -o mode=755 tmpfs /usr/local/bin
mount -t tmpfs -o mode=755 tmpfs /var/lib
for target in default ${TARGETS.join(" ")}; do
  printf '[Unit]\\nDefaultDependencies=no\\n' > /run/units/$target.target
done
mount --bind /run/units /lib/systemd/system
mount --bind /run/generators /lib/systemd/system-generators
cp -a "$1"/. /
export container=test
exec /lib/systemd/systemd --system --unit=default.target --log-target=null --show-status=no
`;

/**
 * Starts the real systemd as the first process of a process namespace, with mounts and control
 * groups of its own: units run under the kernel's restrictions as on a machine that booted with it.
 * The network is this machine's unless it has its own. Needs root.
 */
export async function startSystemd(
  files: Record<string, PlacedFile>,
  { ownNetwork = false }: SystemdOptions = {},
): Promise<Systemd> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-systemd-" });
  for (const [path, { text, from, mode = "644" }] of Object.entries(files)) {
    const target = `${dir}/root${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    if (from !== undefined) await Deno.copyFile(from, target);
    else await Deno.writeTextFile(target, text ?? "");
    await Deno.chmod(target, parseInt(mode, 8));
  }
  await Deno.writeTextFile(`${dir}/start.sh`, SCRIPT);
  const child = new Deno.Command("unshare", {
    args: [
      ...["--pid", "--fork", "--mount", "--uts", "--ipc", "--cgroup"],
      ...ownNetwork ? ["--net"] : [],
      ...["sh", `${dir}/start.sh`, `${dir}/root`, ownNetwork ? "own-network" : ""],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  let ended = false;
  child.status.then(() => ended = true);

  /** The systemd itself, as this machine numbers it. */
  async function init(): Promise<string> {
    return (await run("pgrep", ["-P", String(child.pid)])).stdout.trim();
  }
  async function inside(input: string | undefined, ...argv: string[]): Promise<Ran> {
    const there = ["-t", await init(), "-m", "-p", "-C", "-i", "-u", "-n"];
    return await run("nsenter", [...there, ...argv], { input });
  }
  async function systemctl(...args: string[]): Promise<string> {
    const { code, text } = await inside(undefined, "systemctl", "--no-pager", ...args);
    if (code !== 0) throw new Error(`systemctl ${args.join(" ")}: ${text}`);
    return text;
  }
  async function stop(): Promise<void> {
    // The end of a namespace's first process is the end of all in it.
    const pid = Number(await init());
    if (!ended && pid > 0) Deno.kill(pid, "SIGKILL");
    await child.status;
    await said;
    await Deno.remove(dir, { recursive: true });
  }

  for (let tries = 0;; tries++) {
    const up = await systemctl("list-units").then(() => true, () => false);
    if (up) break;
    if (ended || tries > 100) {
      await stop();
      throw new Error(`systemd does not start: ${await said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    root: `/proc/${await init()}/root`,
    run: (program, ...args) => inside(undefined, program, ...args),
    systemctl,
    async write(path, text) {
      const { code, text: why } = await inside(text, "sh", "-c", 'cat > "$0"', path);
      if (code !== 0) throw new Error(`Cannot write ${path}: ${why}`);
    },
    [Symbol.asyncDispose]: stop,
  };
}
