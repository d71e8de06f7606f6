/** What a listener has in hand and has counted since the start. */
export interface ListenerFigures {
  name: string;
  active: number;
  accepted: number;
  /** Closed unread because as many were open as are allowed. */
  refused: number;
  acceptErrors: number;
  /** Connections ended by a bug of the relay's. */
  handlerErrors: number;
}

/** How the relay's own certificate stands; times in milliseconds since the epoch. */
export interface CertificateFigures {
  names: string[];
  issuer: string;
  notAfter: number;
  selfSigned: boolean;
  /** When the next order is due. */
  renewAt: number;
  /** Failed orders in a row. */
  failures: number;
  lastError?: string | undefined;
  nextAttemptAt?: number | undefined;
}

/** Something of which there is only so much. */
export interface LimitFigures {
  name: string;
  used: number;
  max: number;
}

/** The relay as it is now: read when somebody asks, never on a visitor's way. */
export interface Figures {
  listeners(): ListenerFigures[];
  /**
   * Clients online, the data connections that they parked, and how many clients say that they cannot
   * reach the data port.
   */
  clients(): { online: number; parked: number; unreachable: number };
  /** Visitors joined with clients, and those whose first bytes are awaited. */
  visitors(): { joined: number; hellos: number };
  /** Rejects as the store, as {@linkcode Figures.issuance} does. */
  accounts(): Promise<{ total: number; blocked: number }>;
  certificate(): CertificateFigures;
  issuance(): Promise<{ waiting: number; running: number; newNamesThisWeek: number }>;
  bioRunning(): number;
  limits(): LimitFigures[];
}
