// A chat of socket.io: node socket_io_server.mjs PORT
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { pingInterval: 1_000, maxHttpBufferSize: 20e6 });
io.on("connection", (socket) => {
  socket.on("say", (text) => io.emit("said", text));
  socket.on("ask", (data, reply) => reply(data));
});
io.of("/room").on("connection", (socket) => socket.emit("welcome", socket.handshake.auth.name));
http.listen(Number(process.argv[2]), "127.0.0.1");
