/**
 * The line between one browser and the server, which can be cut: a browser told to be offline keeps its WebSockets, and nobody's network does.
 *
 * - Bytes pass unchanged. Cut, every connection ends at once and no new one is taken; mended, it listens at the same address.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server as Listener, type Socket } from "node:net";

export class Line {
  private readonly sockets = new Set<Socket>();
  private listener: Listener | undefined;
  private port = 0;

  private constructor(private readonly server: () => string) {}

  /** A line to wherever `server` says that the server is: `127.0.0.1:8080`, or the path of a socket. */
  static async open(server: () => string): Promise<Line> {
    const line = new Line(server);
    await line.mend();
    return line;
  }

  /** The server, seen from this side. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async cut(): Promise<void> {
    const { listener } = this;
    if (!listener) return;
    this.listener = undefined;
    const closed = once(listener, "close");
    listener.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    if (this.listener) return;
    this.listener = createServer((near) => this.pass(near));
    this.listener.listen(this.port, "127.0.0.1");
    await once(this.listener, "listening");
    this.port = (this.listener.address() as AddressInfo).port;
  }

  private pass(near: Socket): void {
    const far = connectTo(this.server());
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.sockets.add(socket);
      // Whatever ends one side ends the other; why, the browser finds out as it would anywhere.
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}

function connectTo(address: string): Socket {
  if (address.startsWith("/")) return connect(address);
  const [host = "", port] = address.split(":");
  return connect(Number(port), host);
}
