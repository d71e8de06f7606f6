// A Vite dev server for the folder FOLDER: node vite_server.mjs PORT FOLDER
import { createServer } from "vite";

const server = await createServer({
  root: process.argv[3],
  configFile: false,
  logLevel: "error",
  server: { host: "127.0.0.1", port: Number(process.argv[2]), strictPort: true },
});
await server.listen();
