// Keeps the icon for its notifications, and shows what is pushed.
addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open("v1").then((cache) => cache.add("/icon.svg")));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname !== "/icon.svg") return;
  event.respondWith(caches.match("/icon.svg").then((kept) => kept ?? fetch(event.request)));
});
addEventListener("push", (event) => {
  event.waitUntil(registration.showNotification(event.data.text(), { icon: "/icon.svg" }));
});
