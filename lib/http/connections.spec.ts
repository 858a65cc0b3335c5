import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpSettings } from '../options/http-settings.js';
import { resolveOptions } from '../options/resolve-options.js';
import { systemClock } from '../cache/clock.js';
import { Connections } from './connections.js';
import { send } from './send.js';

const close: (() => unknown)[] = [];
afterEach(() => {
  for (const end of close.splice(0)) end();
});

function settingsOf(http: object = {}): HttpSettings {
  const [issuer] = resolveOptions({ issuer: 'https://id.example.com', audience: 'orders', http }).issuers;
  if (issuer === undefined) throw new Error('no issuer');
  return issuer.http;
}

/** A port that accepts connections and says nothing. */
async function silentOrigin(): Promise<URL> {
  const server = createServer((socket) => close.push(() => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close.push(() => server.close());
  return new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
}

const request = {
  headers: {},
  signal: new AbortController().signal,
  wantedStatuses: [200],
  maxBytes: 1_000,
  clock: systemClock,
};

describe('Connections', () => {
  it('are one pool for all requests', async () => {
    const connections = new Connections(settingsOf());
    const [first, second] = await Promise.all([connections.open(), connections.open()]);
    expect(second).toBe(first);
    await connections.destroy();
  });

  it('are those of the application, which nothing ends', async () => {
    const dispatcher = { dispatch: () => true };
    const connections = new Connections(settingsOf({ dispatcher }));
    expect(await connections.open()).toBe(dispatcher);
    await connections.destroy();
    expect(await connections.open()).toBe(dispatcher);
  });

  it('are not made after the end: they would never be closed', async () => {
    const connections = new Connections(settingsOf());
    await connections.destroy();
    await expect(connections.open()).rejects.toThrow('the connections to providers are closed');
  });

  it('end that are still being made', async () => {
    const connections = new Connections(settingsOf());
    const opening = connections.open();
    await connections.destroy();
    const late = send(await opening, await silentOrigin(), request);
    await expect(late).rejects.toThrow('the connections to providers are closed');
  });

  it('end with the requests under way', async () => {
    const connections = new Connections(settingsOf());
    const pending = send(await connections.open(), await silentOrigin(), request);
    const failed = expect(pending).rejects.toThrow();
    await new Promise((resolve) => setImmediate(resolve));
    await connections.destroy();
    await failed;
  });
});
