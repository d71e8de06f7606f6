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
  notBefore: number;
  notAfter: number;
  selfSigned: boolean;
  /** When the next order is due. */
  renewAt: number;
  /** Failed orders in a row. */
  failures: number;
  lastError?: string | undefined;
  nextAttemptAt?: number | undefined;
}

/** A relay of those that serve BASE together. */
export interface RelayFigures {
  id: string;
  version: string;
  /** Whether it counts as there: it was heard lately. */
  alive: boolean;
  users: number;
  visitors: number;
  /** How long ago it was heard, milliseconds of the database's clock. */
  heardMs: number;
}

/** This relay among those that serve BASE together. */
export interface ClusterFigures {
  /** This relay's id. */
  id: string;
  /** What keeps it from knowing of the others; null when nothing does. */
  fault: string | null;
  /** Users online at other relays, as far as is known. */
  elsewhere: number;
  /** All, by id; empty while they cannot be asked for. */
  relays: RelayFigures[];
  /** How long the database took to answer that, milliseconds; null where it did not. */
  answerMs: number | null;
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
   * Clients online, the data connections that they parked, and how many clients say that their way to the
   * data port fails.
   */
  clients(): { online: number; parked: number; unreachable: number };
  /** Visitors joined with clients, and those whose first bytes are awaited. */
  visitors(): { joined: number; hellos: number };
  /** Rejects as the store, as {@linkcode Figures.issuance} does. */
  accounts(): Promise<{ total: number; blocked: number }>;
  certificate(): CertificateFigures;
  issuance(): Promise<{ waiting: number; running: number; newNamesThisWeek: number }>;
  /** The relays that serve BASE together with this one; absent where it is alone. */
  cluster?(): Promise<ClusterFigures>;
  /** Bytes taken on to another of them; absent where the relay is alone. */
  hopBytes?(): number;
  bioRunning(): number;
  limits(): LimitFigures[];
}
