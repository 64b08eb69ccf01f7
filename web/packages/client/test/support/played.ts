/** A server in the test's own hands, for whole clients: their sockets and their calls. */

import type { ClientFrame, Frame, ServerFrame } from "../../src/wire.js";
import { welcome } from "./bench.js";

/** One connection of a client, as the server sees it. */
export class PlayedSocket {
  readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((end: { code: number }) => void) | null = null;
  binaryType = "";

  constructor(private readonly heard: (socket: PlayedSocket, frame: ClientFrame) => void) {
    queueMicrotask(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(data: string): void {
    this.heard(this, JSON.parse(data) as ClientFrame);
  }

  close(code = 1000): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    queueMicrotask(() => this.onclose?.({ code }));
  }

  /** Says something to the client. */
  say(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

type Heard<T extends ClientFrame["type"]> = { socket: PlayedSocket; frame: Extract<ClientFrame, { type: T }> };

/** What clients connect to, by JSON. */
export class PlayedServer {
  /** Calls that were made, as `GET /chats/9`. */
  readonly calls: string[] = [];
  /** What calls are answered with; the others find nothing. */
  readonly answers = new Map<string, () => unknown>();
  private readonly frames: { socket: PlayedSocket; frame: ClientFrame }[] = [];
  private came: () => void = () => {};

  /** What `connect` needs. */
  get options() {
    const heard = (socket: PlayedSocket, frame: ClientFrame) => {
      this.frames.push({ socket, frame });
      this.came();
    };
    const webSocket = class extends PlayedSocket {
      constructor() {
        super(heard);
      }
    };
    return {
      url: "http://played.invalid", encoding: "json" as const,
      webSocket: webSocket as unknown as typeof globalThis.WebSocket,
      fetch: ((url: string, { method }: RequestInit) => this.answer(`${method} ${new URL(url).pathname.replace("/api/v1", "")}`)) as typeof fetch,
    };
  }

  /** The next frame of this type. */
  async next<T extends ClientFrame["type"]>(type: T): Promise<Heard<T>> {
    for (;;) {
      const place = this.frames.findIndex(({ frame }) => frame.type === type);
      if (place >= 0) return this.frames.splice(place, 1)[0] as { socket: PlayedSocket; frame: ClientFrame } as Heard<T>;
      await new Promise<void>((resolve) => {
        this.came = resolve;
      });
    }
  }

  /** Takes the next connection up to `welcome`; gives what makes it ready. */
  async greet(me?: Frame<"welcome">["me"]): Promise<{ socket: PlayedSocket; ready: () => void }> {
    const { socket, frame } = await this.next("hello");
    const greeting = welcome(Date.now());
    socket.say({ ...greeting, me: me ?? greeting.me });
    return { socket, ready: () => socket.say({ type: "ready", ref: frame.ref ?? "" }) };
  }

  private async answer(call: string): Promise<Response> {
    this.calls.push(call);
    const answer = this.answers.get(call);
    const missing = { type: "", title: "", status: 404, code: "chat_not_found", detail: "", retry: "never" };
    return answer ? new Response(JSON.stringify(await answer())) : new Response(JSON.stringify(missing), { status: 404 });
  }
}
