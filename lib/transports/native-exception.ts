import { EventEmitter } from 'node:events';

/** What a native WebSocket is to be told, by the socket. */
const BODIES = new WeakMap<object, WeakSet<object>>();

/**
 * Has a refusal reach the client of a native WebSocket under NestJS 11. Its exception filter emits `exception` on the
 * client, which socket.io sends, and which on a socket of `ws` is an event on the side of the server. NestJS 12 sends it, and
 * emits nothing; so does a filter of the application that answers by itself. A listener of the application, which helps
 * itself in the same way, is left to do so.
 *
 * @param body - the one that the WsException holds: other events of that name are left alone.
 */
export function sendWhenEmitted(client: object, body: object): void {
  if (!(client instanceof EventEmitter)) return;
  const known = BODIES.get(client);
  if (known !== undefined) {
    known.add(body);
    return;
  }
  const bodies = new WeakSet([body]);
  BODIES.set(client, bodies);
  client.on('exception', (emitted: unknown) => {
    const isOurs = typeof emitted === 'object' && emitted !== null && bodies.delete(emitted);
    if (isOurs && client.listenerCount('exception') === 1) sendTo(client, emitted);
  });
}

/** As Nest's adapter for `ws` sends what a handler returns. */
function sendTo(client: object, data: object): void {
  const { send, readyState } = client as Record<string, unknown>;
  const isOpen = readyState === 1;
  if (typeof send === 'function' && isOpen) send.call(client, JSON.stringify({ event: 'exception', data }));
}
