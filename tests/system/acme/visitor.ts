import tls from "node:tls";

/** What a visitor saw. */
export interface Seen {
  /** Common name of the issuer of the certificate served. */
  issuer: string;
  /** Serial number of the certificate served. */
  serial: string;
  /** First line of the HTTP answer. */
  status: string;
}

/** A TLS connection through the hub that stays open for requests. */
export interface Visitor {
  seen: Omit<Seen, "status">;
  /** Sends a GET and resolves with the answer's status line and body. */
  get(path: string): Promise<{ status: string; body: string }>;
  close(): void;
}

/** Connects to the hub as a browser that opens `https://hostname` and trusts anybody. */
function connectVisitor(port: number, hostname: string): Promise<Visitor> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port,
      servername: hostname,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    });
    let text = "";
    let ended: Error | undefined;
    let changed = (): void => {};
    const end = (error: Error): void => {
      ended ??= error;
      changed();
      reject(error);
    };
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => {
      text += part;
      changed();
    });
    socket.once("error", end);
    socket.once("close", () => end(new Error(`the connection was closed after: ${text}`)));
    socket.once("secureConnect", () => {
      const { issuer, serialNumber } = socket.getPeerCertificate();
      resolve({
        seen: { issuer: String(issuer.CN), serial: serialNumber },
        async get(path) {
          text = "";
          socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
          for (;;) {
            const head = text.indexOf("\r\n\r\n");
            const length = /^content-length: (\d+)/im.exec(text.slice(0, head))?.[1];
            const body = text.slice(head + 4);
            if (head >= 0 && length !== undefined && body.length >= Number(length)) {
              return { status: text.slice(0, text.indexOf("\r\n")), body };
            }
            if (ended !== undefined) throw ended;
            await new Promise<void>((wake) => changed = wake);
          }
        },
        close: () => socket.destroy(),
      });
    });
  });
}

/** One visit: connects, asks for the page, leaves. */
export async function visitOnce(port: number, hostname: string): Promise<Seen> {
  const visitor = await connectVisitor(port, hostname);
  try {
    const { status } = await visitor.get("/");
    return { ...visitor.seen, status };
  } finally {
    visitor.close();
  }
}
