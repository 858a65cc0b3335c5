import type { UpgradeRequest } from '../transports/handshake.js';

/**
 * The requests that open sessions of socket.io. It connects a socket to a namespace with a later one, and over long polling the
 * connection of the first is closed by then if a proxy closes each.
 */
export class OpeningRequests {
  /** Several namespaces have one. */
  private readonly engines = new WeakSet();

  /** @param server - a server or a namespace of socket.io. */
  watch(server: object, run: (request: UpgradeRequest) => void): void {
    const engine = member(member(server, 'server') ?? server, 'engine');
    const on: unknown = engine && Reflect.get(engine, 'on');
    if (engine === undefined || typeof on !== 'function' || this.engines.has(engine)) return;
    this.engines.add(engine);
    on.call(engine, 'connection', (session: object) => {
      const request = member(session, 'request');
      if (request !== undefined) run(request);
    });
  }
}

function member(value: object, name: string): object | undefined {
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'object' && found !== null ? found : undefined;
}
