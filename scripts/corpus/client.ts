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
export const NAME = "kaylee.example.org";

/** A name near the limit of DNS. */
export const LONG_NAME = `${"a-label-of-30-characters-12345.".repeat(8)}org`;

/** One of many ALPN names, in JavaScript: 600 make a hello above 2^14 bytes, which spans records. */
export const MANY_PROTOCOLS = 'String(i).padStart(40, "x")';

const OPENSSL = ["openssl", "version"];
/** How curl prints its version. */
export const CURL = ["curl", "--version"];
const CHROMIUM = ["chromium", "--version"];
const FIREFOX = ["firefox-esr", "--version"];
const GNUTLS = ["gnutls-cli", "--version"];
const JAVA = ["java", "--version"];
const GO = ["go", "version"];
const NODE = [
  "node",
  "-p",
  "`Node.js ${process.version}, OpenSSL ${process.versions.openssl}`",
];
const NODE24 = ["node24", ...NODE.slice(1)];
const PYTHON = [
  "python3",
  "-c",
  "import ssl, sys; print('Python', sys.version.split()[0], ssl.OPENSSL_VERSION)",
];

/** `openssl s_client` with further arguments. */
export function openssl(name: string, ...args: string[]): Client {
  const command = ["openssl", "s_client", "-connect", "127.0.0.1:{port}", ...args];
  return { name: `openssl-${name}`, command, version: OPENSSL };
}

/** A session is taken from the server with OpenSSL first, and offered again. */
export function resumed(name: string, version: string): Client {
  const connect = `openssl s_client ${version} -servername ${NAME} -connect 127.0.0.1`;
  // A ticket of TLS 1.3 comes after the handshake: the first connection stays open for it.
  const script = `sleep 1 | ${connect}:{server} -sess_out {dir}/session; ` +
    `${connect}:{port} -sess_in {dir}/session`;
  return { name: `openssl-resumed-${name}`, command: ["sh", "-c", script], version: OPENSSL };
}

/** curl with further arguments. */
export function curl(name: string, ...args: string[]): Client {
  const resolve = ["--resolve", `${NAME}:{port}:127.0.0.1`];
  const command = ["curl", "-sk", ...resolve, ...args, `https://${NAME}:{port}/`];
  return { name: `curl-${name}`, command, version: CURL, serverName: NAME };
}

/** Headless Chromium with further arguments. */
export function chromium(name: string, ...args: string[]): Client {
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

/** Headless Firefox with further preferences. */
export function firefox(name: string, ...prefs: string[]): Client {
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

/** Python's `ssl`, its context prepared by `setup`; a name of null asks for none. */
export function python(name: string, setup: string, serverName: string | null = NAME): Client {
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

/** `tls.connect()` of Node.js with further options, by the program of that name. */
export function node(name: string, options: string, program = "node"): Client {
  const code =
    `require("tls").connect({ host: "127.0.0.1", port: {port}, rejectUnauthorized: false, ${options} })`;
  const version = program === "node" ? NODE : NODE24;
  return { name: `${program}-${name}`, command: [program, "-e", code], version };
}

/** Code run by Deno. */
export function deno(name: string, code: string): Client {
  return { name: `deno-${name}`, command: ["deno", "eval", code], version: ["deno", "--version"] };
}

/** `gnutls-cli` with further arguments. */
export function gnutls(name: string, ...args: string[]): Client {
  const command = ["gnutls-cli", "--insecure", "--port", "{port}", ...args, "127.0.0.1"];
  return { name: `gnutls-${name}`, command, version: GNUTLS };
}

/** Java's `SSLSocket`, its parameters `p` changed by `setup`. */
export function java(name: string, setup: string, serverName = NAME): Client {
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

/** Go's `crypto/tls` with a configuration, in which `protocols` are 600 ALPN names. */
export function go(name: string, config: string): Client {
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
