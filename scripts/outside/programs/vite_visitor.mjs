// A browser's part with a Vite dev server: node vite_visitor.mjs URL FOLDER
import { writeFile } from "node:fs/promises";
import { WebSocket } from "ws";
import { same, test } from "./cases.mjs";

const [url, folder] = process.argv.slice(2);

await test("the page, transformed", async () => {
  const page = await (await fetch(`${url}/`)).text();
  same(page.includes("/@vite/client"), true);
});
await test("a module of TypeScript", async () => {
  const response = await fetch(`${url}/main.ts`);
  same([response.status, (await response.text()).includes(": number")], [200, false]);
});
await test("an update by WebSocket when a file changes", async () => {
  const client = await (await fetch(`${url}/@vite/client`)).text();
  const token = /wsToken = "([^"]+)"/.exec(client)?.[1] ?? "";
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/?token=${token}`, "vite-hmr", {
    origin: url,
  });
  const messages = [];
  const updated = new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", async (data) => {
      const message = JSON.parse(data.toString());
      messages.push(message.type);
      if (message.type === "connected") {
        await writeFile(`${folder}/main.ts`, `const n: number = ${Date.now()};\nconsole.log(n);\n`);
      }
      if (message.type === "update" || message.type === "full-reload") resolve();
    });
  });
  await updated;
  same(messages[0], "connected");
  socket.close();
});
process.exit(0);
