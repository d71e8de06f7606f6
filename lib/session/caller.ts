/** What control needs to know of the transport below a WebSocket. */
export interface Transport {
  /** When the client was last heard, milliseconds of `performance.now()`. */
  readonly lastHeardAt: number;
  /** Bytes that the client may still send before it is cut off. */
  allowance: number;
  /** Lets the transport last as long as the client likes. */
  keep(): void;
  /** Has the answer under way be the last. */
  endWithAnswer(): void;
  /** Ends the transport at once. */
  close(): void;
}

/** The part of a `WebSocket` that control needs; any message but text has `data` of another kind. */
export interface ControlSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Asks the client to say something. */
  ping(): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number }) => void): void;
  /** Comes with each ping and pong. */
  addEventListener(type: "heard", listener: () => void): void;
}

/** Who opens a control WebSocket. */
export interface Caller {
  username: string;
  /** Whether what authorised the request still does. */
  holds: () => Promise<boolean>;
  transport: Transport;
}
