/** A TLS client whose ClientHello is recorded. */
export interface Client {
  /** Name of the recording. */
  name: string;
  /**
   * Command line; `{port}` is the port to connect to at 127.0.0.1, `{dir}` an empty
   * folder, `{server}` the port of a server with OpenSSL that completes handshakes.
   */
  command: string[];
  /** Command that prints the client's version on its first line. */
  version: string[];
  /** Files to put into `{dir}` first, by name. */
  files?: Record<string, string>;
  /** What the hello must hold; the recorder refuses to store another. */
  serverName?: string;
}

/** The name that clients are told to ask for where they can be told. */
const NAME = "kaylee.example.org";

const LONG_NAME = `${"a-label-of-30-characters-12345.".repeat(8)}org`;

/** Enough ALPN names for a hello above 2^14 bytes, which must span records. */
const MANY_PROTOCOLS = 'String(i).padStart(40, "x")';

const OPENSSL = ["openssl", "version"];
const CURL = ["curl", "--version"];
const CHROMIUM = ["chromium", "--version"];
const FIREFOX = ["firefox-esr", "--version"];
const GNUTLS = ["gnutls-cli", "--version"];
const JAVA = ["java", "--version"];
const GO = ["go", "version"];
const NODE = ["node", "-p", "`Node.js ${process.version}, OpenSSL ${process.versions.openssl}`"];
const NODE24 = ["node24", ...NODE.slice(1)];
const PYTHON = [
  "python3",
  "-c",
  "import ssl, sys; print('Python', sys.version.split()[0], ssl.OPENSSL_VERSION)",
];

function openssl(name: string, ...args: string[]): Client {
  const command = ["openssl", "s_client", "-connect", "127.0.0.1:{port}", ...args];
  return { name: `openssl-${name}`, command, version: OPENSSL };
}

/** A session is taken from the server with OpenSSL first, and offered again. */
function resumed(name: string, version: string): Client {
  const connect = `openssl s_client ${version} -servername ${NAME} -connect 127.0.0.1`;
  // A ticket of TLS 1.3 comes after the handshake: the first connection stays open for it.
  const script = `sleep 1 | ${connect}:{server} -sess_out {dir}/session; ` +
    `${connect}:{port} -sess_in {dir}/session`;
  return { name: `openssl-resumed-${name}`, command: ["sh", "-c", script], version: OPENSSL };
}

function curl(name: string, ...args: string[]): Client {
  const resolve = ["--resolve", `${NAME}:{port}:127.0.0.1`];
  const command = ["curl", "-sk", ...resolve, ...args, `https://${NAME}:{port}/`];
  return { name: `curl-${name}`, command, version: CURL, serverName: NAME };
}

function chromium(name: string, ...args: string[]): Client {
  return {
    name: `chromium-${name}`,
    command: [
      ..."chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(" "),
      ..."--disable-background-networking --disable-component-update --disable-sync".split(" "),
      "--user-data-dir={dir}",
      `--host-resolver-rules=MAP ${NAME} 127.0.0.1`,
      ...args,
      `https://${NAME}:{port}/`,
    ],
    version: CHROMIUM,
    serverName: NAME,
  };
}

function firefox(name: string, ...prefs: string[]): Client {
  const lines = [
    `user_pref("network.dns.forceResolve", "127.0.0.1");`,
    `user_pref("browser.shell.checkDefaultBrowser", false);`,
    `user_pref("network.captive-portal-service.enabled", false);`,
    `user_pref("network.connectivity-service.enabled", false);`,
    ...prefs,
  ];
  return {
    name: `firefox-${name}`,
    command: [
      ..."firefox-esr --headless --no-remote --profile {dir}".split(" "),
      `https://${NAME}:{port}/`,
    ],
    version: FIREFOX,
    files: { "user.js": lines.join("\n") },
    serverName: NAME,
  };
}

function python(name: string, setup: string, serverName: string | null = NAME): Client {
  const code = [
    "import socket, ssl",
    "c = ssl.create_default_context()",
    "c.check_hostname = False",
    setup,
    `c.wrap_socket(socket.create_connection(('127.0.0.1', {port})), server_hostname=${
      serverName === null ? "None" : `'${serverName}'`
    })`,
  ].join("; ");
  return { name: `python-${name}`, command: ["python3", "-c", code], version: PYTHON };
}

function node(name: string, options: string, program = "node"): Client {
  const code =
    `require("tls").connect({ host: "127.0.0.1", port: {port}, rejectUnauthorized: false, ${options} })`;
  const version = program === "node" ? NODE : NODE24;
  return { name: `${program}-${name}`, command: [program, "-e", code], version };
}

function deno(name: string, code: string): Client {
  return { name: `deno-${name}`, command: ["deno", "eval", code], version: ["deno", "--version"] };
}

function gnutls(name: string, ...args: string[]): Client {
  const command = ["gnutls-cli", "--insecure", "--port", "{port}", ...args, "127.0.0.1"];
  return { name: `gnutls-${name}`, command, version: GNUTLS };
}

function java(name: string, setup: string, serverName = NAME): Client {
  const source = `
import java.net.Socket;
import javax.net.ssl.*;
class Hello {
  public static void main(String[] args) throws Exception {
    Socket plain = new Socket("127.0.0.1", Integer.parseInt(args[0]));
    SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
    SSLSocket s = (SSLSocket) factory.createSocket(plain, "${serverName}", plain.getPort(), true);
    SSLParameters p = s.getSSLParameters();
    ${setup}
    s.setSSLParameters(p);
    s.startHandshake();
  }
}
`;
  const command = ["java", "{dir}/Hello.java", "{port}"];
  return { name: `java-${name}`, command, version: JAVA, files: { "Hello.java": source } };
}

function go(name: string, config: string): Client {
  const source = `package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	var protocols []string
	for i := 0; i < 600; i++ {
		protocols = append(protocols, fmt.Sprintf("%040d", i))
	}
	_ = protocols
	_, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{${config}})
	fmt.Println(err)
}
`;
  const command = ["go", "run", "{dir}/hello.go", "{port}"];
  return { name: `go-${name}`, command, version: GO, files: { "hello.go": source } };
}

/** Every client of the corpus. */
export const CLIENTS: Client[] = [
  openssl("default", "-servername", NAME),
  openssl("tls12", "-servername", NAME, "-tls1_2"),
  openssl("tls13", "-servername", NAME, "-tls1_3", "-alpn", "h2,http/1.1"),
  openssl("tls10", "-servername", NAME, "-tls1", "-cipher", "ALL:@SECLEVEL=0"),
  openssl("tls11", "-servername", NAME, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
  openssl("no-name", "-noservername"),
  openssl("no-name-tls12", "-noservername", "-tls1_2", "-cipher", "AES128-SHA"),
  openssl("no-middlebox", "-servername", NAME, "-tls1_3", "-no_middlebox"),
  openssl("p384", "-servername", NAME, "-groups", "P-384:P-256"),
  openssl("ffdhe8192", "-servername", NAME, "-tls1_3", "-groups", "ffdhe8192"),
  openssl("upper-case", "-servername", "Kaylee.EXAMPLE.org"),
  openssl("trailing-dot", "-servername", `${NAME}.`),
  openssl("address", "-servername", "192.0.2.7"),
  openssl("address-v6", "-servername", "2001:db8::7"),
  openssl("long-name", "-servername", LONG_NAME),
  openssl("small-records", "-servername", NAME, "-max_send_frag", "512", "-groups", "ffdhe4096"),
  openssl(
    "small-records-name-late",
    ..."-max_send_frag 512 -tls1_2 -cipher ALL:COMPLEMENTOFALL:@SECLEVEL=0 -alpn".split(" "),
    Array.from({ length: 20 }, (_, i) => `protocol-${i}-of-the-relay`).join(","),
    "-servername",
    NAME,
  ),
  resumed("tls13", "-tls1_3"),
  resumed("tls12", "-tls1_2"),
  curl("default"),
  curl("http11", "--http1.1"),
  curl("no-alpn", "--no-alpn"),
  curl("tls12", "--tls-max", "1.2"),
  {
    name: "curl-address",
    command: ["curl", "-sk", "https://127.0.0.1:{port}/"],
    version: CURL,
  },
  {
    name: "wget-default",
    command: ["wget", "-qO-", "--no-check-certificate", "--tries=1", "https://localhost:{port}/"],
    version: ["wget", "--version"],
    serverName: "localhost",
  },
  {
    name: "w3m-default",
    command: ["w3m", "-dump", "https://localhost:{port}/"],
    version: ["w3m", "-version"],
    serverName: "localhost",
  },
  {
    name: "git-default",
    command: ["git", "ls-remote", "https://localhost:{port}/x"],
    version: ["git", "--version"],
    serverName: "localhost",
  },
  {
    name: "perl-default",
    command: [
      "perl",
      "-MIO::Socket::SSL",
      "-e",
      `IO::Socket::SSL->new(PeerAddr => "127.0.0.1:{port}", SSL_hostname => "${NAME}", ` +
      "SSL_verify_mode => 0)",
    ],
    version: [
      "perl",
      "-MIO::Socket::SSL",
      "-e",
      "print 'IO::Socket::SSL ', $IO::Socket::SSL::VERSION",
    ],
    serverName: NAME,
  },
  python("default", "pass"),
  python("alpn", "c.set_alpn_protocols(['h2', 'http/1.1'])"),
  python("no-name", "pass", null),
  python("tls12", "c.maximum_version = ssl.TLSVersion.TLSv1_2"),
  python("punycode", "pass", "xn--bcher-kva.example.org"),
  node("default", `servername: "${NAME}"`),
  node("alpn", `servername: "${NAME}", ALPNProtocols: ["h2", "http/1.1"]`),
  node("tls12", `servername: "${NAME}", maxVersion: "TLSv1.2"`),
  node("no-name", `servername: ""`),
  node(
    "many-protocols",
    `servername: "${NAME}", ALPNProtocols: Array.from({ length: 600 }, (_, i) => ${MANY_PROTOCOLS})`,
  ),
  node(
    "most-protocols",
    `servername: "${NAME}", ALPNProtocols: Array.from({ length: 1560 }, (_, i) => ${MANY_PROTOCOLS})`,
  ),
  node("mlkem", `servername: "${NAME}", ALPNProtocols: ["h2", "http/1.1"]`, "node24"),
  node("mlkem-1024", `servername: "${NAME}", ecdhCurve: "MLKEM1024:X25519"`, "node24"),
  {
    name: "bun-fetch",
    command: [
      "bun",
      "-e",
      `await fetch("https://localhost:{port}/", { tls: { rejectUnauthorized: false } })`,
    ],
    version: ["bun", "-p", "'Bun ' + Bun.version"],
    serverName: "localhost",
  },
  {
    name: "bun-tls",
    command: [
      "bun",
      "-e",
      `require("tls").connect({ host: "127.0.0.1", port: {port}, servername: "${NAME}", ` +
      `ALPNProtocols: ["h2"] })`,
    ],
    version: ["bun", "-p", "'Bun ' + Bun.version"],
    serverName: NAME,
  },
  deno("fetch", `await fetch("https://localhost:{port}/")`),
  deno(
    "start-tls",
    `const c = await Deno.connect({ hostname: "127.0.0.1", port: {port} });` +
      `await (await Deno.startTls(c, { hostname: "${NAME}", alpnProtocols: ["h2"] })).handshake()`,
  ),
  deno(
    "address",
    `const c = await Deno.connect({ hostname: "127.0.0.1", port: {port} });` +
      `await (await Deno.startTls(c, { hostname: "127.0.0.1" })).handshake()`,
  ),
  {
    name: "node-forge",
    command: [
      "deno",
      "eval",
      `import forge from "npm:node-forge@1.4.3";` +
      `const c = await Deno.connect({ hostname: "127.0.0.1", port: {port} });` +
      `forge.tls.createConnection({ server: false, virtualHost: "${NAME}", tlsDataReady(t) {` +
      ` c.write(Uint8Array.from(t.tlsData.getBytes(), (x) => x.charCodeAt(0))) },` +
      ` dataReady() {}, closed() {}, error() {} }).handshake();` +
      `await new Promise((done) => setTimeout(done, 5000))`,
    ],
    version: ["deno", "eval", `console.log("node-forge 1.4.3 on Deno " + Deno.version.deno)`],
    serverName: NAME,
  },
  gnutls("default", "--sni-hostname", NAME),
  gnutls("alpn", "--sni-hostname", NAME, "--alpn", "h2", "--alpn", "http/1.1"),
  gnutls("tls10", "--sni-hostname", NAME, "--priority", "LEGACY:-VERS-ALL:+VERS-TLS1.0"),
  gnutls(
    "no-extensions",
    "--disable-extensions",
    "--priority",
    "LEGACY:%NO_EXTENSIONS:-VERS-TLS1.3",
  ),
  gnutls("padded", "--sni-hostname", NAME, "--priority", "NORMAL:%DUMBFW"),
  java("default", ""),
  java("alpn", `p.setApplicationProtocols(new String[] { "h2", "http/1.1" });`),
  java("tls12", `p.setProtocols(new String[] { "TLSv1.2" });`),
  java(
    "small-records",
    `String[] a = new String[40]; for (int i = 0; i < 40; i++) a[i] = "protocol-number-" + i;
    p.setApplicationProtocols(a); p.setMaximumPacketSize(300);`,
  ),
  java("sslv2", `p.setProtocols(new String[] { "SSLv2Hello", "TLSv1.2" });`),
  java("no-name", "", "localhost"),
  go("default", `ServerName: "${NAME}"`),
  go("alpn", `ServerName: "${NAME}", NextProtos: []string{"h2", "http/1.1"}`),
  go("tls12", `ServerName: "${NAME}", MaxVersion: tls.VersionTLS12`),
  go("trailing-dot", `ServerName: "${NAME}."`),
  go("address", `InsecureSkipVerify: true, ServerName: "192.0.2.7"`),
  go("many-protocols", `ServerName: "${NAME}", NextProtos: protocols`),
  chromium("default"),
  chromium("again"),
  chromium("tls12", "--ssl-version-max=tls1.2"),
  firefox("default"),
  firefox("tls12", `user_pref("security.tls.version.max", 3);`),
  firefox("no-mlkem", `user_pref("security.tls.enable_kyber", false);`),
];
