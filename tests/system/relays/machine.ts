/**
 * A machine as far as PostgreSQL and a relay see it, for tests: its own name, hosts, `/etc` and data.
 *
 * @module
 */
import { endProcess } from "../../../scripts/process.ts";
import { must } from "../../../scripts/run.ts";
import { ROOT } from "../../stories/relay.ts";

/** What the guide's commands name; Debian 12's. */
const VERSION = "15";

/** Makes the machine's own folders in the namespace, and waits there. */
const SCRIPT = `set -e
mount -t tmpfs tmpfs "$DIR"
mkdir -p "$DIR/etc" "$DIR/work" "$DIR/data" "$DIR/run" "$DIR/log"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$DIR/etc,workdir=$DIR/work" /etc
for pair in data:/var/lib/postgresql run:/run/postgresql log:/var/log/postgresql; do
  chown postgres: "$DIR/\${pair%%:*}"
  mount --bind "$DIR/\${pair%%:*}" "\${pair#*:}"
done
mkdir /etc/postgres-ca && mount --bind "$SHARED" /etc/postgres-ca
rm -rf /etc/postgresql/* && hostname "$NAME"
printf '%s\\n' '127.0.0.1 localhost' "$HOSTS" > /etc/hosts
echo ready
exec sleep infinity`;

/** Options for {@linkcode startMachine}. */
export interface MachineOptions {
  name: string;
  /** Lines of `/etc/hosts`. */
  hosts: string;
  /** The folder that the guide has carried from one machine to the other. */
  shared: string;
  /** What takes the place of PostgreSQL's 5432. */
  port: number;
}

/** A machine that runs until it is disposed of, with all that was started on it by {@linkcode shell}. */
export interface Machine extends AsyncDisposable {
  /** Starts a program there. */
  launcher: string[];
  /** Runs lines of a shell of root's, in the folder of the guide; what they wrote. */
  shell(script: string, input?: string): Promise<string>;
  /** Asks the machine's PostgreSQL. */
  psql(sql: string, database?: string): Promise<string>;
  /** Ends PostgreSQL's processes by SIGKILL; as after a start of the machine, `/run` has nothing of them. */
  kill(): Promise<void>;
}

/** Starts a machine, with PostgreSQL as Debian's package leaves it. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { name, hosts, shared, port } = options;
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-machine-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const holder = new Deno.Command("unshare", {
    args: ["-m", "-u", "--", "sh", "-c", SCRIPT],
    env: { DIR: dir, SHARED: shared, NAME: name, HOSTS: hosts },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = holder.stdout.getReader();
  stack.defer(() => reader.cancel());
  stack.defer(async () => void await endProcess(holder));
  const { value } = await reader.read();
  if (value === undefined) throw new Error(`Cannot make the machine ${name}`);
  const launcher = ["nsenter", "-t", `${holder.pid}`, "-m", "-u", "--"];
  const env = { PGPORT: `${port}` };

  async function shell(script: string, input = ""): Promise<string> {
    // Without a terminal passwords are read from what is given.
    const [program = "", ...args] = [...launcher, "setsid", "-w", "sh", "-ec"];
    const all = `cd ${ROOT}examples/relays\n${script}`;
    return (await must(program, [...args, all], { env, input })).trim();
  }
  stack.defer(async () =>
    void await shell(`pg_ctlcluster ${VERSION} main stop -m immediate || true`)
  );
  // As the package does when it is installed, but at a port that is free; not started, as both are here.
  await shell(`pg_createcluster ${VERSION} main --port ${port} -- --no-sync`);
  const started = stack.move();
  return {
    launcher,
    shell,
    psql: (sql, database = "postgres") =>
      shell(`cd / && runuser -u postgres -- psql -XqtA -d ${database} -c "${sql}"`),
    async kill() {
      await shell(`
        pid=$(head -n1 /var/lib/postgresql/${VERSION}/main/postmaster.pid)
        kill -9 $pid $(cat /proc/$pid/task/$pid/children)
        while kill -0 $pid 2>/dev/null && ! grep -q ') Z ' /proc/$pid/stat; do sleep 0.02; done
        rm -f /run/postgresql/.s.PGSQL.*`);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
