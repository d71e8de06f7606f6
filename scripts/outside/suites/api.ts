import type { Case, Suite } from "../suite.ts";
import { pip, pythonBin, pythonGlosson } from "../tools.ts";
import { inPython, type World } from "../world.ts";
import { startPages } from "./pages.ts";

/** What is checked of each answer; not whether a valid request is granted: claims are guessed. */
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "unsupported_method",
];

/** What schemathesis found; "ok" when nothing. */
async function schemathesis(world: World, url: string, token?: string): Promise<string> {
  const { code, stdout, stderr } = await world.run([
    `${pythonBin("schemathesis")}/schemathesis`,
    ...["run", `${url}/v1/openapi.json`, "--url", url, "--checks", CHECKS.join(",")],
    ...["--max-examples", "10", "--seed", "20", "--workers", "2", "--no-color"],
    ...["--tls-verify", world.caFile],
    // A WebSocket is not what it speaks.
    ...["--exclude-path", "/v1/control", "--exclude-path", "/v1/data"],
    ...["--suppress-health-check", "all", "--generation-database", "none"],
    // With a token everything is asked but to give the name up.
    ...token === undefined
      ? []
      : ["--header", `Authorization: Bearer ${token}`, "--exclude-method", "DELETE"],
  ]);
  if (code === 0) return "ok";
  const failures = new Set(
    [...stdout.matchAll(/^\s*- ([A-Z].{3,80})$/gm)].map(([, title]) => title),
  );
  return [...failures].join("; ") || (stdout + stderr).slice(-300).trim() || `exit ${code}`;
}

/** What sslyze says of one TLS end, against what has to be so. */
async function sslyze(world: World, name: string, hostname: string, port: number): Promise<Case[]> {
  const report = `${world.dir}/${name}.json`;
  const { stderr, stdout } = await world.run([
    `${pythonBin("sslyze")}/sslyze`,
    ...["--json_out", report, `${hostname}:${port}{127.0.0.1}`],
    ...["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"],
    ...["--heartbleed", "--openssl_ccs", "--robot", "--compression", "--reneg", "--fallback"],
    ...["--early_data", "--certinfo", "--certinfo_ca_file", world.caFile],
  ]);
  const text = await Deno.readTextFile(report).catch(() => {
    throw new Error(`Cannot read sslyze's report: ${(stdout + stderr).slice(-300)}`);
  });
  const scan = JSON.parse(text).server_scan_results[0].scan_result;
  if (scan === null || scan === undefined) throw new Error(`sslyze could not reach ${name}`);
  const accepted = (suites: string): number =>
    scan[suites]?.result?.accepted_cipher_suites.length ?? -1;
  const checks: Record<string, boolean> = {
    ...Object.fromEntries(
      ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"]
        .map((old) => [`no ${old}`, accepted(`${old}_cipher_suites`) === 0]),
    ),
    "TLS 1.2": accepted("tls_1_2_cipher_suites") > 0,
    "TLS 1.3": accepted("tls_1_3_cipher_suites") > 0,
    "TLS 1.2 has forward secrecy and AEAD only": scan.tls_1_2_cipher_suites.result
      .accepted_cipher_suites.every(({ cipher_suite }: { cipher_suite: { name: string } }) =>
        /^TLS_ECDHE.*(GCM|POLY1305)/.test(cipher_suite.name)
      ),
    "no Heartbleed": scan.heartbleed.result?.is_vulnerable_to_heartbleed === false,
    "no CCS injection": scan.openssl_ccs_injection.result?.is_vulnerable_to_ccs_injection === false,
    "no ROBOT": /^NOT_VULNERABLE/.test(scan.robot.result?.robot_result ?? ""),
    "no compression": scan.tls_compression.result?.supports_compression === false,
    "no renegotiation by clients":
      scan.session_renegotiation.result?.is_vulnerable_to_client_renegotiation_dos === false,
    "no early data": scan.tls_1_3_early_data.result?.supports_early_data === false,
    "the certificate fits its name": scan.certificate_info.result?.certificate_deployments[0]
          ?.leaf_certificate_subject_matches_hostname !== false &&
      scan.certificate_info.status === "COMPLETED",
  };
  return Object.entries(checks).map(([what, good]) => ({
    what: `${name}: ${what}`,
    direct: "ok",
    through: good ? "ok" : "not so",
  }));
}

/** The relay's API and every TLS end. */
export const API_SUITES: Suite[] = [
  {
    name: "schemathesis",
    tools: [pip("schemathesis", "schemathesis==4.32.5")],
    limitMs: 150_000,
    async run(world) {
      const { hub, control } = world.relay.ports;
      const host = `https://relay.${world.base}`;
      await world.ways("schemathesis", hub);
      const token = await world.tokenOf("schemathesis");
      async function both(what: string, token?: string): Promise<Case> {
        const [direct = "", through = ""] = await Promise.all(
          [control, hub].map((port) => schemathesis(world, `${host}:${port}`, token)),
        );
        return { what, direct, through };
      }
      return [await both("without a token"), await both("with a token", token)]
        .map((one) => ({
          ...one,
          direct: one.direct === "ok" ? "ok" : `has to be ok: ${one.direct}`,
        }));
    },
  },
  {
    name: "sslyze",
    tools: [pip("sslyze", "sslyze==6.3.1"), pythonGlosson],
    limitMs: 120_000,
    async run(world) {
      const [, through] = await world.ways("sslyze", await startPages(world));
      const python = `${pythonBin("glosson")}/python`;
      const other = await world.pythonClient(inPython("sslyze"), python, []);
      const { hub, control } = world.relay.ports;
      const ends = [
        sslyze(world, "the client's front", through.hostname, hub),
        sslyze(world, "the front of the client in Python", other.hostname, hub),
        sslyze(world, "the pages", world.base, hub),
        sslyze(world, "the control port", `relay.${world.base}`, control),
      ];
      return (await Promise.all(ends)).flat();
    },
  },
];
