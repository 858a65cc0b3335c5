import { IdentityError } from '../errors/identity-error.js';

/** What socket.io keeps of a socket whose transport was lost. */
interface Session {
  readonly rooms: readonly unknown[];
  readonly missedPackets: readonly unknown[];
  readonly data: unknown;
}

interface NamespaceEvents {
  on(event: 'new_namespace', listener: (namespace: object) => void): unknown;
}

type Restore = (id: string, offset: string) => Promise<Session | null | undefined>;

/**
 * Connection state recovery of socket.io, brought under the check of tokens. By default it skips every middleware,
 * and in any case it joins the rooms and sends what was missed before the first one is asked: both wait here.
 */
export class RecoveryGate {
  /** By the `data` of the socket that was restored, which is an object of its own for each. */
  private readonly held = new WeakMap<object, (() => void)[]>();

  /**
   * @param server - a server or a namespace of socket.io; anything else is left alone.
   * @throws {IdentityError} `options_invalid`, if recovery is on and cannot be made to run the middleware.
   */
  install(server: object): void {
    const options = member(member(server, 'server') ?? server, 'opts');
    const recovery = options && member(options, 'connectionStateRecovery');
    if (recovery === undefined) return;
    if (!Reflect.set(recovery, 'skipMiddlewares', false)) {
      throw new IdentityError(
        'options_invalid',
        'connectionStateRecovery of socket.io skips the check of tokens, and cannot be changed: ' +
          'set skipMiddlewares: false in it, and do not freeze it, or leave it out',
      );
    }
    const of: unknown = Reflect.get(server, 'of');
    this.wrap(typeof of === 'function' ? (of.call(server, '/') as object) : server);
    this.wrapChildren(server);
  }

  /** The token is good: the socket joins its rooms again and is sent what it has missed. */
  release(client: object): void {
    const data = member(client, 'data');
    const held = data && this.held.get(data);
    if (data === undefined || held === undefined) return;
    this.held.delete(data);
    for (const run of held) run();
  }

  /** Namespaces that are named by a pattern come to be when a client asks for them, with the middleware of the pattern. */
  private wrapChildren(namespace: object): void {
    const children = member(namespace, 'children');
    const server: Partial<NamespaceEvents> | undefined = member(namespace, 'server');
    if (!(children instanceof Set)) return;
    server?.on?.('new_namespace', (child) => {
      if (children.has(child)) this.wrap(child);
    });
  }

  private wrap(namespace: object): void {
    const adapter = member(namespace, 'adapter');
    const restore: unknown = adapter && Reflect.get(adapter, 'restoreSession');
    if (adapter === undefined || typeof restore !== 'function') return;
    const restoreHeld: Restore = async (...args) => {
      const session = await (restore as Restore).apply(adapter, args);
      return session && this.hold(session);
    };
    Reflect.set(adapter, 'restoreSession', restoreHeld);
  }

  private hold(session: Session): Session {
    const held: (() => void)[] = [];
    const data = { ...(session.data as object | undefined) };
    this.held.set(data, held);
    const { rooms, missedPackets } = session;
    return { ...session, data, rooms: later(rooms, held), missedPackets: later(missedPackets, held) };
  }
}

/** An empty list; who goes through it with `forEach`, as socket.io does, gets the items once the token is good. */
function later(items: readonly unknown[], held: (() => void)[]): readonly unknown[] {
  const forEach = (use: (item: unknown) => void): void => {
    held.push(() => items.forEach((item) => use(item)));
  };
  return Object.defineProperty([], 'forEach', { value: forEach });
}

function member(value: object, name: string): object | undefined {
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'object' && found !== null ? found : undefined;
}
