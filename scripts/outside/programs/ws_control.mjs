// A server of WebSockets that takes what the relay's control takes of a client: messages of at most 16 KiB, each a JSON
// object with a type; whatever else is a bad message.
import { WebSocketServer } from "ws";

const BAD_MESSAGE = 4400;
const server = new WebSocketServer({
  ...{ host: "127.0.0.1", port: Number(process.argv[2]), maxPayload: 16 * 1024 },
  handleProtocols: (protocols) => [...protocols][0],
});
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    let message;
    try {
      if (!isBinary) message = JSON.parse(data.toString());
    } catch {
      // Told below.
    }
    if (typeof message?.type !== "string") socket.close(BAD_MESSAGE, "bad message");
  });
});
