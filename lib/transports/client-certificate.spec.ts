import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { TestIssuer } from '../testing/test-issuer.js';
import { certificateReader, certificateReaderOfHandshakes, withCertificate } from './client-certificate.js';

const issuer = TestIssuer.inMemory();
const { thumbprint } = issuer.certificate();
const read = certificateReader({
  certificate: 'nginx',
  header: undefined,
  trustedProxies: ['127.0.0.1'],
});

/** A request as it arrives over a connection. */
async function arrive(): Promise<IncomingMessage> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const headers = issuer.certificateHeaders('nginx');
  const { port } = server.address() as AddressInfo;
  request({ host: '127.0.0.1', port, headers })
    .on('error', () => undefined)
    .end();
  const [incoming] = (await once(server, 'request')) as [IncomingMessage];
  return incoming;
}

it('reads the certificate of a handshake once, because a connection is forgotten when it is closed', async () => {
  const [incoming, another] = [await arrive(), await arrive()];
  let reads = 0;
  const readHandshake = certificateReaderOfHandshakes((upgrade) => {
    reads++;
    return read(upgrade);
  });
  expect(readHandshake(incoming)).toEqual({ thumbprint });
  for (const each of [incoming, another]) {
    each.socket.destroy();
    await once(each.socket, 'close');
  }
  // Node.js does not know the address of a closed connection.
  expect(read(another)).toMatchObject({ problem: 'untrusted' });
  expect(readHandshake(incoming)).toEqual({ thumbprint });
  // A request of socket.io, which has the one of Node.js inside.
  expect(readHandshake({ headers: {}, raw: incoming })).toEqual({ thumbprint });
  expect(reads).toBe(1);
  expect(readHandshake(another)).toMatchObject({ problem: 'untrusted' });
});

it('goes by the header as it came, not by what middleware has made of it', async () => {
  const incoming = await arrive();
  incoming.headers['x-ssl-client-cert'] = 'x';
  expect(read(incoming)).toEqual({ thumbprint });
  // A request that the application or a test has made by hand has nothing else, and comes from nobody.
  expect(read({ headers: issuer.certificateHeaders('nginx') })).toMatchObject({ problem: 'untrusted' });
  expect(read({ headers: {} })).toMatchObject({ problem: 'missing' });
});

it('goes by the connection, whatever the application calls raw', async () => {
  const incoming = await arrive();
  const body = {
    rawHeaders: Object.entries(issuer.certificateHeaders('nginx', { wrong: 'other client' })).flat(),
    socket: { remoteAddress: '127.0.0.1' },
  };
  const express = Object.assign(incoming, { raw: JSON.parse(JSON.stringify(body)) as object });
  expect(read(express)).toEqual({ thumbprint });
  const trusting = certificateReader({
    certificate: 'nginx',
    header: undefined,
    trustedProxies: ['10.0.0.1'],
  });
  express.raw = JSON.parse('{ "socket": { "remoteAddress": "10.0.0.1" } }') as object;
  expect(trusting(express)).toMatchObject({ problem: 'untrusted' });
  expect(trusting({ headers: issuer.certificateHeaders('nginx'), raw: express.raw })).toMatchObject({
    problem: 'untrusted',
  });
});

it('adds nothing to no credentials, and nothing if certificates prove nothing', async () => {
  const incoming = await arrive();
  const credentials = { scheme: 'Bearer', token: 'x' } as const;
  expect(withCertificate(null, incoming, read)).toBeNull();
  expect(withCertificate(credentials, incoming, undefined)).toBe(credentials);
  expect(withCertificate(credentials, incoming, read)).toEqual({
    ...credentials,
    certificate: { thumbprint },
  });
});
