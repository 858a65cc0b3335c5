import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateFile, pem } from '../../test/support/tls-provider.js';
import { resolveOptions } from './resolve-options.js';

const CERT = pem('client');
const KEY = pem('client-key');
const ENCRYPTED = createPrivateKey(KEY).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'right',
});

/** The message of the start; empty if it goes on. */
function start(tls: object): string {
  try {
    resolveOptions({ issuer: 'https://id.example.com', audience: 'orders-api', http: { tls } }, {});
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('http.tls', () => {
  it.each<[string, object, RegExp]>([
    [
      'ca is a path',
      { ca: certificateFile('ca.pem') },
      /http\.tls\.ca: expected certificates .*readFileSync\(path\)/,
    ],
    ['ca is empty', { ca: '' }, /http\.tls\.ca: expected/],
    ['ca is no PEM', { ca: 'hello' }, /http\.tls\.ca: expected/],
    ['ca is a key', { ca: KEY }, /http\.tls\.ca: expected/],
    ['ca is cut off', { ca: pem('ca').slice(0, 300) }, /http\.tls\.ca: expected/],
    ['one of several is none', { ca: [pem('ca'), 'hello'] }, /http\.tls\.ca: expected/],
    ['cert is alone', { cert: CERT }, /http\.tls\.cert: expected "key"/],
    ['key is alone', { key: KEY }, /http\.tls\.key: expected "cert"/],
    ['cert is a path', { cert: certificateFile('client.pem'), key: KEY }, /http\.tls\.cert: .*readFileSync/],
    [
      'key is a path',
      { cert: CERT, key: certificateFile('client-key.pem') },
      /http\.tls\.key: .*readFileSync/,
    ],
    ['key is of another', { cert: CERT, key: pem('good-key') }, /http\.tls\.key: .*belongs to another/],
    [
      'the passphrase is missing',
      { cert: CERT, key: ENCRYPTED },
      /http\.tls\.key: expected the "passphrase"/,
    ],
    [
      'the passphrase is wrong',
      { cert: CERT, key: ENCRYPTED, passphrase: 'wrong-secret' },
      /http\.tls\.key: expected the "passphrase"/,
    ],
    ['pfx is a path', { pfx: '/etc/tls/client.pfx' }, /http\.tls\.pfx: .*readFileSync/],
    ['pfx is no PKCS #12', { pfx: Buffer.from(CERT) }, /http\.tls\.pfx: expected/],
  ])('stops the start if %s, and shows no secret', (_name, tls, message) => {
    const said = start(tls);
    expect(said).toMatch(message);
    expect(said).not.toMatch(/BEGIN|wrong-secret|certificates\//);
  });

  it('is accepted if it can be used', () => {
    expect(start({ ca: pem('ca'), cert: CERT, key: KEY })).toBe('');
    expect(start({ ca: [Buffer.from(pem('ca')), pem('self-signed')] })).toBe('');
    expect(start({ cert: Buffer.from(CERT + pem('ca')), key: ENCRYPTED, passphrase: 'right' })).toBe('');
  });

  describe('with PKCS #12', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const file = join(folder, 'client.pfx');
    beforeAll(() => {
      const args = ['-inkey', certificateFile('client-key.pem'), '-in', certificateFile('client.pem')];
      execFileSync('openssl', ['pkcs12', '-export', ...args, '-passout', 'pass:right', '-out', file]);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('needs its passphrase', () => {
      const pfx = readFileSync(file);
      expect(start({ pfx, passphrase: 'right' })).toBe('');
      expect(start({ pfx, passphrase: 'wrong-secret' })).toMatch(/http\.tls\.pfx: .*"passphrase"/);
      expect(start({ pfx })).toMatch(/http\.tls\.pfx: .*"passphrase"/);
    });
  });
});
