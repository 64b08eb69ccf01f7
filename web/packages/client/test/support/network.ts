/** The network between client and server, which can be cut and mended. */

import { createServer, connect as dial, type Server as Listener, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

/** Everything of one client goes through it. */
export class Network {
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(private readonly listener: Listener, readonly url: string, private target: URL) {}

  /** Stands before the server at `target`. */
  static async before(target: string): Promise<Network> {
    const listener = createServer();
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const network = new Network(listener, `http://127.0.0.1:${(listener.address() as AddressInfo).port}`, new URL(target));
    listener.on("connection", (socket) => network.join(socket));
    return network;
  }

  /** Every connection breaks without a word, and no new one comes about. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Leads to another server from now on. */
  leadTo(target: string): void {
    this.target = new URL(target);
  }

  mend(): void {
    this.isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.listener.close();
    await once(this.listener, "close");
  }

  private join(socket: Socket): void {
    if (this.isCut) return void socket.destroy();
    const onward = dial(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [[socket, onward], [onward, socket]] as const) {
      this.sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
