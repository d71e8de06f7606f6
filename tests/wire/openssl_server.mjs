// Runs under Node.js, whose TLS is OpenSSL: tells what OpenSSL reads out of ClientHellos.
//
// Standard input: one JSON object {key, cert} in PEM. Standard output: {port, openssl}, then for
// each connection {port, serverName, alpn}, where port is the client's.
import net from "node:net";
import tls from "node:tls";

let given = "";
for await (const chunk of process.stdin) given += chunk;
const { key, cert } = JSON.parse(given);

/** Old versions and algorithms too: what is tested is the reading of a hello, not its strength. */
const secureContext = tls.createSecureContext({
  key,
  cert,
  minVersion: "TLSv1",
  ciphers: "ALL:@SECLEVEL=0",
});

const server = net.createServer((socket) => {
  const seen = { port: socket.remotePort, serverName: null, alpn: [] };
  const secured = new tls.TLSSocket(socket, {
    isServer: true,
    secureContext,
    SNICallback(name, done) {
      seen.serverName = name;
      done(null);
    },
    ALPNCallback({ protocols }) {
      seen.alpn = protocols;
      return protocols[0];
    },
  });
  secured.on("error", () => {});
  socket.on("error", () => {});
  socket.on("close", () => process.stdout.write(JSON.stringify(seen) + "\n"));
});

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  process.stdout.write(JSON.stringify({ port, openssl: process.versions.openssl }) + "\n");
});
