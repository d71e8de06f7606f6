import assert from "node:assert/strict";
import { parseCommand } from "../../../examples/client/arguments.ts";
import { UsageError } from "../../../examples/client/command_line.ts";
import { parseUpstream, type Upstream } from "../../../examples/client/proxy/upstream.ts";
import { connectHost, relayUrl } from "../../../examples/client/relay_url.ts";

Deno.test("parseCommand() reads every command", () => {
  assert.deepEqual(parseCommand([]), { name: "help" });
  assert.deepEqual(parseCommand(["--help"]), { name: "help" });
  assert.deepEqual(parseCommand(["help", "run"]), { name: "help", topic: "run" });
  assert.deepEqual(parseCommand(["setup", "-h"]), { name: "help", topic: "setup" });
  assert.deepEqual(parseCommand(["-V"]), { name: "version" });
  assert.deepEqual(parseCommand(["status", "--json", "--state", "/s"]), {
    name: "status",
    options: { json: true, qr: false, state: "/s" },
  });
  const key = "S1eYVimNMuy1sDfYOBl4MjUJMqEbpQ47+0p/lq+KByk=";
  assert.deepEqual(
    parseCommand(["verify", "kaylee.example.org:4430", "--key", `sha256//${key}`, "--alpn=h2"]),
    {
      name: "verify",
      options: { page: new URL("https://kaylee.example.org:4430/"), key, alpn: "h2" },
    },
  );
  assert.deepEqual(
    parseCommand(["setup", "kaylee", "--relay", "relay.example.org:9443", "--ca=ca.pem", "-y"]),
    {
      name: "setup",
      options: {
        username: "kaylee",
        relay: new URL("https://relay.example.org:9443/"),
        ca: "ca.pem",
        bioFile: undefined,
        keyType: "ecdsa",
        also: undefined,
        force: true,
        state: undefined,
      },
    },
  );
  assert.deepEqual(parseCommand(["run", "--upstream", "http://[::1]:8000", "--pool", "0"]), {
    name: "run",
    options: {
      also: undefined,
      upstream: { protocol: "http:", hostname: "::1", port: 8000, host: "[::1]:8000" },
      upstreamCa: undefined,
      insecureUpstream: false,
      appHost: "visitor",
      appSilenceMs: 120_000,
      visitorSilenceMs: 60_000,
      dir: undefined,
      tlsUpstream: undefined,
      proxyProtocol: false,
      transport: undefined,
      pool: 0,
      maxVisitors: 256,
      watch: true,
      watchResolvers: [{ ipAddr: "9.9.9.9", port: 53 }, { ipAddr: "1.1.1.1", port: 53 }],
      watchCt: undefined,
      verbose: false,
      logFile: undefined,
      state: undefined,
    },
  });
});

Deno.test("parseCommand() reads which names below its own a page has", () => {
  const also = (line: string) => {
    const command = parseCommand(line.split(" "));
    assert.ok(command.name === "run" || command.name === "setup");
    return command.options.also;
  };
  assert.deepEqual(also("run --also www --also app --also www"), ["app", "www"]);
  assert.deepEqual(also("run --no-also"), []);
  assert.deepEqual(also("setup kaylee --relay relay.example.org --also=a"), ["a"]);
});

Deno.test("parseCommand() reads the commands about the account", () => {
  const read = (line: string) => {
    const command = parseCommand(line.split(" "));
    return "options" in command ? command.options : command;
  };
  const state = undefined;
  assert.deepEqual(read("release -y"), { yes: true, state });
  assert.deepEqual(read("rename inara"), {
    username: "inara",
    bioFile: undefined,
    yes: false,
    state,
  });
  assert.deepEqual(read("away soon --state /s"), { text: "soon", state: "/s" });
  assert.deepEqual(read("away --clear"), { text: null, state });
  assert.deepEqual(read("privacy last-seen off"), { change: { lastSeen: false }, state });
  assert.deepEqual(read("privacy offline-page none"), { change: { offlinePage: "none" }, state });
  assert.deepEqual(read("install -v --dir=a --pool 3 --state /s"), {
    runArgs: ["--verbose", "--dir=a", "--pool=3"],
    state: "/s",
  });
  assert.deepEqual(read("uninstall"), { state });
  assert.deepEqual(read("logs -n 5"), { lines: 5, state });
  assert.deepEqual(read("privacy --help"), { name: "help", topic: "privacy" });
});

const WRONG: [string, RegExp][] = [
  ["install --upstream x --dir y", /exclude each other/],
  ["install --log-file x", /--log-file is for a run that you start/],
  ["install now", /"now" is one word too many/],
  ["logs -n 0", /--lines is a number from 1/],
  ["rename", /needs the NEW name/],
  ["rename UPPER", /cannot be a name/],
  ["away", /either a "text" in quotation marks or --clear/],
  ["away Back soon", /"soon" is one word too many/],
  ["away soon --clear", /either a "text"/],
  ["privacy", /privacy is about last-seen or offline-page/],
  ["privacy constructor on", /privacy is about last-seen or offline-page/],
  ["privacy last-seen maybe", /privacy last-seen is on or off/],
  ["privacy offline-page", /privacy offline-page is full or plain or none/],
  ["run --dir a --tls-upstream 8443", /--dir and --tls-upstream exclude each other/],
  ["run --tls-upstream https://localhost", /--tls-upstream is HOST:PORT or unix:PATH/],
  ["run --tls-upstream nas.local", /--tls-upstream is HOST:PORT or unix:PATH/],
  ["run --tls-upstream a:b", /--tls-upstream: "a:b" is no address/],
  [
    "run --upstream 8000 --proxy-protocol",
    /--proxy-protocol is about the server of --tls-upstream/,
  ],
  ["run --data-over udp", /--data-over is auto, tcp, websocket/],
  ["walk", /no command "walk"/],
  ["help walk", /no command/],
  ["setup", /needs the NAME/],
  ["setup kaylee", /needs --relay/],
  ["setup kaylee robin --relay x", /one word too many/],
  ["setup Kaylee --relay x", /cannot be a name/],
  ["setup k --relay x", /cannot be a name/],
  ["setup -k- --relay x", /./],
  ["setup kaylee- --relay x", /cannot be a name/],
  ["setup xn--kaylee --relay x", /cannot be a name/],
  ["setup kaylee --relay http://x", /must begin with https/],
  ["setup kaylee --relay https://x/path", /host and port only/],
  ["setup kaylee --relay https://a:b@x", /host and port only/],
  ["setup kaylee --relay", /./],
  ["setup kaylee --relay x --key-type dsa", /ecdsa or rsa/],
  ["run now", /one word too many/],
  ["run --also a.b", /--also: "a\.b" cannot be a name below yours/],
  ["run --also App", /--also: "App" cannot be/],
  ["run --also ab--c", /--also: "ab--c" cannot be .* no "--" in places 3 and 4/],
  ["run --also *", /--also: "\*" cannot be/],
  [`run${"abcdefghijk".replaceAll(/./g, " --also $&")}`, /--also takes 10 names at most/],
  ["run --also a --no-also", /--also and --no-also exclude each other/],
  ["run --pool 65", /0 to 64/],
  ["run --pool -1", /./],
  ["run --pool 1.5", /0 to 64/],
  ["run --pool=", /0 to 64/],
  ["run --max-visitors 0", /1 to 4096/],
  ["run --upstream http://:1", /"http:\/\/:1" is no address of an app, such as http/],
  ["run --upstream 127.0.0.1:99999", /such as http/],
  ["run --upstream ftp://x", /http:/],
  ["run --upstream unix:", /names no socket/],
  ["run --upstream http://x/path", /more than a host and port/],
  ["run --app-host app", /--app-host is about the app of --upstream/],
  ["run --upstream 1 --app-host a/b", /visitor, app or a host name/],
  ["run --upstream 1 --app-silence 0", /--app-silence is a number from 1 to 86400/],
  ["run --tls-upstream 8443 --visitor-silence 5", /--visitor-silence is for your server to say/],
  ["run --visitor-silence x", /--visitor-silence is a number/],
  ["run --upstream http://x --dir y", /exclude each other/],
  ["run --unknown", /^Unknown option '--unknown'$/],
  ["status --json=yes", /./],
];

for (const [line, message] of WRONG) {
  Deno.test(`parseCommand() refuses "${line}"`, () => {
    assert.throws(() => parseCommand(line.split(" ")), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("relayUrl() takes an address with or without its scheme", () => {
  assert.equal(relayUrl("relay.example.org").href, "https://relay.example.org/");
  assert.equal(relayUrl("https://127.0.0.1:9443").href, "https://127.0.0.1:9443/");
  assert.throws(() => relayUrl("https://"), TypeError);
});

Deno.test("connectHost() knows that *.localhost is this machine", () => {
  for (const name of ["localhost", "relay.glosson.localhost", "RELAY.LOCALHOST", "a.localhost."]) {
    assert.equal(connectHost(name), "127.0.0.1");
  }
  for (const name of ["relay.example.org", "notlocalhost", "localhost.example.org", "192.0.2.1"]) {
    assert.equal(connectHost(name), name);
  }
});

const UPSTREAMS: [string, Partial<Upstream>][] = [
  ["8000", { protocol: "http:", hostname: "127.0.0.1", port: 8000, host: "127.0.0.1:8000" }],
  ["http://8000/", { protocol: "http:", hostname: "127.0.0.1", port: 8000 }],
  ["https://8443", { protocol: "https:", hostname: "127.0.0.1", port: 8443 }],
  ["localhost:8000", { hostname: "localhost", port: 8000, host: "localhost:8000" }],
  ["nas.local", { protocol: "http:", hostname: "nas.local", port: 80, host: "nas.local" }],
  ["https://nas.local", { protocol: "https:", port: 443, host: "nas.local" }],
  ["https://[::1]:8443/", { hostname: "::1", port: 8443, host: "[::1]:8443" }],
  ["unix:/run/app.sock", { path: "/run/app.sock", host: "localhost" }],
  ["unix:///run/app.sock", { path: "/run/app.sock" }],
];

for (const [text, expected] of UPSTREAMS) {
  Deno.test(`parseUpstream() reads ${text}`, () => {
    assert.partialDeepStrictEqual(parseUpstream(text), expected);
  });
}

Deno.test("parseUpstream() refuses what is no address of an app", () => {
  for (
    const text of ["0", "localhost:0", "70000", ":8000", "ftp://localhost", "localhost:8000/a"]
  ) {
    assert.throws(() => parseUpstream(text), TypeError, text);
  }
});

Deno.test("parseCommand() reads domain and what stands behind it", () => {
  const parsed = (...args: string[]) => {
    const command = parseCommand(["domain", ...args]);
    return command.name === "domain" ? command.options : command;
  };
  assert.deepEqual(parsed("list", "--state", "/s"), { action: "list", state: "/s" });
  assert.deepEqual(parsed("remove", "Blog.example.org."), {
    ...{ action: "remove", domain: "blog.example.org", state: undefined },
  });
  assert.deepEqual(
    parsed("add", "blog.example.org", "--acme", "https://ca.test/dir", "--agree-terms"),
    {
      ...{ action: "add", domain: "blog.example.org", acme: "https://ca.test/dir", agree: true },
      ...{ acmeCa: undefined, email: undefined, state: undefined },
    },
  );
  for (const help of [["--help"], ["add", "-h"], ["list", "--help"]]) {
    assert.deepEqual(parsed(...help), { name: "help", topic: "domain" });
  }
  const wrong: [args: string[], why: RegExp][] = [
    [[], /add, list or remove/],
    [["move", "blog.example.org"], /add, list or remove/],
    [["add"], /needs the DOMAIN/],
    [["remove"], /needs the DOMAIN/],
    [["add", "a.example.org", "b.example.org"], /one word too many/],
    [["add", "bücher.example"], /xn--bcher-kva\.example/],
    [["add", "*.example.org"], /wildcard/],
    [["add", "blog.example.org", "--acme", "http://ca.test"], /--acme is the https:/],
    [["list", "--agree-terms"], /agree-terms/],
  ];
  for (const [args, why] of wrong) {
    assert.throws(() => parsed(...args), (error: Error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, why);
      return true;
    });
  }
});

Deno.test("parseCommand() reads caa and who alone may order", () => {
  const parsed = (...args: string[]) => {
    const command = parseCommand(["caa", ...args]);
    return command.name === "caa" ? command.options : command;
  };
  assert.deepEqual(parsed(), { who: undefined, state: undefined });
  assert.deepEqual(parsed("relay", "--state", "/s"), { who: "relay", state: "/s" });
  assert.deepEqual(parsed("off"), { who: "off", state: undefined });
  assert.deepEqual(parsed("--help"), { name: "help", topic: "caa" });
  assert.deepEqual(parsed("own", "--agree-terms", "--authority", "ca.test"), {
    ...{ who: "own", account: undefined, authority: "ca.test", agree: true },
    ...{ acme: undefined, acmeCa: undefined, email: undefined, state: undefined },
  });
  assert.throws(() => parsed("own", "--account", "https://ca.test/1"), /takes --authority as well/);
  assert.throws(() => parsed("own", "--authority", "ca.test; x"), /such as letsencrypt\.org, not/);
  assert.throws(() => parsed("own", "--acme", "http://ca.test"), /https:\/\/ address/);
  assert.throws(() => parsed("everybody"), /caa is followed by/);
  assert.throws(() => parsed("relay", "off"), /one word too many/);
});
