import {
  ConnectionError,
  DEFAULT_FRAME_BYTES,
  ERROR,
  MAX_INT31,
  readInt32,
  SETTING,
  settingsFrame,
} from "./frames.ts";

/** Largest frame that is sent, however large the peer takes them. */
const MAX_FRAME_BYTES = 64 * 1024;

/** Requests of one visitor at once. */
export const MAX_STREAMS = 100;

/** What a visitor may send of one upload, and of all, before the app has taken any; bytes. */
export const STREAM_WINDOW_BYTES = 256 * 1024;
export const SESSION_WINDOW_BYTES = 1024 * 1024;

/** The SETTINGS that a server begins with. */
export function ownSettings(maxHeadBytes: number): Uint8Array {
  return settingsFrame([
    [SETTING.maxConcurrentStreams, MAX_STREAMS],
    [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
    [SETTING.maxHeaderListSize, maxHeadBytes],
  ]);
}

/** What of the peer's settings matters to a server. */
export interface PeerSettings {
  maxFrameBytes?: number;
  initialWindow?: number;
  /** What the peer gives our table of fields at most. */
  tableBytes?: number;
}

/**
 * Reads the payload of SETTINGS (RFC 9113 section 6.5); those that are not known are passed over.
 *
 * @throws {ConnectionError} if one is out of its range.
 */
export function readSettings(payload: Uint8Array): PeerSettings {
  if (payload.length % 6 !== 0) throw new ConnectionError(ERROR.frameSize, "SETTINGS");
  const settings: PeerSettings = {};
  for (let at = 0; at < payload.length; at += 6) {
    const value = readInt32(payload, at + 2);
    switch (payload[at]! << 8 | payload[at + 1]!) {
      case SETTING.headerTableSize:
        // Of several the least has to be kept to (RFC 7541 section 4.2).
        settings.tableBytes = Math.min(value, settings.tableBytes ?? value);
        break;
      case SETTING.enablePush:
        check(value <= 1, ERROR.protocol, "ENABLE_PUSH");
        break;
      case SETTING.initialWindowSize:
        check(value <= MAX_INT31, ERROR.flowControl, "INITIAL_WINDOW_SIZE");
        settings.initialWindow = value;
        break;
      case SETTING.maxFrameSize:
        check(value >= DEFAULT_FRAME_BYTES && value <= 0xff_ffff, ERROR.protocol, "MAX_FRAME_SIZE");
        settings.maxFrameBytes = Math.min(value, MAX_FRAME_BYTES);
        break;
    }
  }
  return settings;
}

function check(isRight: boolean, code: number, name: string): void {
  if (!isRight) throw new ConnectionError(code, `${name} is out of its range`);
}
