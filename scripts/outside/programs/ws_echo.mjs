// An echo server of npm ws: node ws_echo.mjs PORT
import { WebSocketServer } from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  perMessageDeflate: true,
  maxPayload: 128 * 1024 * 1024,
  handleProtocols: (protocols) => [...protocols][0],
});
server.on("connection", (socket, request) => {
  const code = /^\/close\/(\d+)$/.exec(request.url)?.[1];
  if (code !== undefined) socket.close(Number(code), "as asked");
  if (request.url === "/drop") socket.terminate();
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    // So that a flood is held back.
    socket.pause();
    socket.send(data, { binary: isBinary }, () => socket.resume());
  });
});
