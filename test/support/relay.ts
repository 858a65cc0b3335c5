import { setTimeout } from 'node:timers/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** An address that leads to a server and, later, to another one; as slow as a test wants it. */
export class Relay {
  /** Before each piece of an answer, in milliseconds. */
  delayMs = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {}

  static async start(target: number): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server, target);
    server.on('connection', (socket) => relay.join(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** As the address of a managed service after a failover: connections break, new ones lead elsewhere. */
  moveTo(target: number): void {
    this.target = target;
    this.breakAll();
  }

  async stop(): Promise<void> {
    this.breakAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private breakAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private join(near: Socket): void {
    const far = connect(this.target, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (chunk) => far.write(chunk));
    // One after the other: a delay that ends must not let what comes later overtake.
    let written = Promise.resolve();
    far.on('data', (chunk) => {
      const { delayMs } = this;
      written = written.then(async () => setTimeout(delayMs)).then(() => void near.write(chunk));
    });
  }
}
