/** One WebSocket: frames out, frames in, and its end told exactly once. */

import { decodeFrame, type Encoding, encodeFrame, subprotocol } from "./codec.js";
import type { ClientFrame, ServerFrame } from "./wire.js";

/** How long a closed connection may take to end, in milliseconds. */
const CLOSE_WITHIN = 2_000;

/** What happens on a socket. */
export interface SocketEvents {
  opened(): void;
  frame(frame: ServerFrame): void;
  /** Something came that is not for this client to understand. */
  heard(): void;
  /** It has ended, or could not be opened. `code` is that of the server's close frame, if there was one. */
  ended(code: number | undefined): void;
}

/** An open connection, or one that is being opened. */
export class Socket {
  private readonly raw: WebSocket;
  private events: SocketEvents | undefined;
  private closing: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, private readonly encoding: Encoding, make: typeof WebSocket, events: SocketEvents) {
    this.events = events;
    this.raw = new make(url, [subprotocol(encoding)]);
    this.raw.binaryType = "arraybuffer";
    this.raw.onopen = () => this.events?.opened();
    this.raw.onmessage = ({ data }) => this.take(data);
    this.raw.onclose = ({ code }) => this.end(code);
    // Its close follows.
    this.raw.onerror = () => {};
  }

  /** Sends a frame, unless the connection is ending. */
  send(frame: ClientFrame): void {
    if (this.closing === undefined && this.raw.readyState === this.raw.OPEN) this.raw.send(encodeFrame(frame, this.encoding));
  }

  /** Closes properly: what still comes counts, and the end is told. */
  close(): void {
    if (this.closing !== undefined) return;
    this.closing = setTimeout(() => this.end(undefined), CLOSE_WITHIN);
    this.raw.close(1000);
  }

  /** Lets go; nothing more is told. */
  abandon(): void {
    this.events = undefined;
    clearTimeout(this.closing);
    this.raw.close();
  }

  private take(data: unknown): void {
    const frame = decodeFrame(data);
    if (frame) this.events?.frame(frame);
    else this.events?.heard();
  }

  private end(code: number | undefined): void {
    clearTimeout(this.closing);
    const { events } = this;
    this.events = undefined;
    // 1005 and 1006 are made up on this side: there was no close frame.
    events?.ended(code === 1005 || code === 1006 ? undefined : code);
  }
}
