import type { ControlSocket } from "../../lib/session/caller.ts";

/** A client's WebSocket, as the relay sees it. */
export class FakeSocket implements ControlSocket {
  readyState: number = WebSocket.OPEN;
  readonly bufferedAmount = 0;
  readonly sent: { type: string; reason?: string; retryAfterMs?: number | null }[] = [];
  code: number | undefined;
  /** Called at each ping. */
  onPing = (): void => {};
  readonly #onMessage: ((event: { data: unknown }) => void)[] = [];
  readonly #onClose: ((event: { code: number }) => void)[] = [];

  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number }) => void): void;
  addEventListener(type: "heard", listener: () => void): void;
  addEventListener(type: string, listener: (event: { data: unknown; code: number }) => void): void {
    if (type === "message") this.#onMessage.push(listener as (event: { data: unknown }) => void);
    if (type === "close") this.#onClose.push(listener as (event: { code: number }) => void);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  ping(): void {
    this.onPing();
  }

  close(code: number): void {
    this.code = code;
    this.end(code);
  }

  /** The client says something. */
  say(message: object): void {
    for (const listener of this.#onMessage) listener({ data: JSON.stringify(message) });
  }

  /** The connection is over. */
  end(code = 1006): void {
    this.readyState = WebSocket.CLOSED;
    for (const listener of this.#onClose) listener({ code });
  }

  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }
}
