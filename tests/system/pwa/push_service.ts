/** Where Chromium takes its push subscriptions from, while it runs. */
export interface PushService extends AsyncDisposable {
  /** Switches that lead Chromium to it. */
  switches: string[];
  /** How many subscriptions of web apps it has given. */
  registrations: number;
}

/** A device's number and secret, eight bytes each in a protobuf's way: field and type, then the value. */
const DEVICE = [0x39, ...Array(8).fill(1), 0x41, ...Array(8).fill(2)];

/**
 * The part of Google's push service that a Chromium needs to subscribe to pushes: it knows the browser
 * (check-in), and gives it a token for each subscription. Nothing outside this machine is asked.
 */
export function startPushService(): PushService {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (new URL(request.url).pathname === "/checkin") {
      // stats_ok, then the device.
      return new Response(new Uint8Array([0x08, 1, ...DEVICE]));
    }
    // The browser asks for a token of its own besides.
    const isApp = new URLSearchParams(await request.text()).has("X-subtype");
    if (isApp) service.registrations++;
    return new Response(`token=subscription-${service.registrations}`);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const service: PushService = {
    switches: [
      `--gcm-checkin-url=${url}/checkin`,
      `--gcm-registration-url=${url}/register`,
      `--gcm-mcs-endpoint=https://127.0.0.1:${server.addr.port}`,
    ],
    registrations: 0,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return service;
}
