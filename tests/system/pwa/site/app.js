// Registers the worker and subscribes to push, once: what is there is kept.
const registration = await navigator.serviceWorker.register("/worker.js");
await navigator.serviceWorker.ready;
let subscription = await registration.pushManager.getSubscription();
if (subscription === null) {
  const key = await (await fetch("/api/key")).text();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  subscription = await registration.pushManager.subscribe(options);
  await fetch("/api/subscriptions", { method: "POST", body: JSON.stringify(subscription) });
}
document.querySelector("#state").textContent = `subscribed: ${subscription.endpoint}`;
