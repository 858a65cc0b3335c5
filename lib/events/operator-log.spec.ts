import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RefreshFailedEvent } from './identity-event.js';
import { OperatorLog } from './operator-log.js';

function failure(issuer: string, reason = 'status 500'): RefreshFailedEvent {
  return { type: 'jwks.failed', issuer, reason, failures: 1, retryInMs: 1_000 };
}

describe('OperatorLog', () => {
  const lines: string[] = [];
  const spy = (level: 'log' | 'warn'): void => {
    vi.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void lines.push(String(line)));
  };
  afterEach(() => {
    vi.restoreAllMocks();
    lines.length = 0;
  });

  it('tells once that metadata, and so keys, cannot be fetched', () => {
    spy('warn');
    const log = new OperatorLog();
    const issuer = 'https://id.example.com';
    const reason = 'GET https://id.example.com/.well-known/openid-configuration failed: status 503';
    log.write({ ...failure(issuer, reason), type: 'discovery.failed' });
    log.write(failure(issuer, `Nothing could be fetched from ${issuer}: ${reason}`));
    expect(lines).toHaveLength(1);
    log.write(failure(issuer, 'GET https://id.example.com/jwks failed: status 503'));
    log.write(failure('https://other.example.com', reason));
    expect(lines).toHaveLength(3);
  });

  it('writes one line an event, whatever a tenant is called and its provider says', () => {
    spy('warn');
    spy('log');
    const log = new OperatorLog();
    const hostile = 'https://t.example/\nERROR [Nest] \u001b[31mforged\u2028\u202e' + 'x'.repeat(2_000);
    log.write(failure(hostile, `said\n${hostile}`));
    log.write({ type: 'jwks.refreshed', issuer: hostile });
    log.write({ type: 'jwks.rotated', issuer: hostile, added: [hostile], removed: [] });
    log.write({ type: 'jwks.key-skipped', issuer: hostile, kid: hostile, reason: 'it is malformed' });
    log.write({
      type: 'jwks.candidates-cut',
      issuer: hostile,
      alg: 'ES256',
      kid: hostile,
      fitting: 17,
      tried: 16,
    });
    expect(lines).toHaveLength(5);
    for (const line of lines) {
      expect(line).toMatch(/^[\x20-\x7e…]{1,1500}$/);
    }
  });

  it('lets tokens that name made-up tenants fill no log, and tells of a provider that has served all the same', () => {
    spy('warn');
    spy('log');
    const log = new OperatorLog();
    log.write({ type: 'jwks.refreshed', issuer: 'https://served.example' });
    for (let index = 0; index < 1_000; index++)
      log.write(failure(`https://made-up.example/${String(index)}`));
    expect(lines).toHaveLength(21);
    log.write(failure('https://served.example'));
    expect(lines.at(-1)).toContain('https://served.example');
    expect(lines).toHaveLength(22);
  });

  it('says once which keys are not tried, and for which tokens', () => {
    spy('warn');
    const log = new OperatorLog();
    const cut = {
      type: 'jwks.candidates-cut',
      issuer: 'https://a.example',
      alg: 'ES256',
      fitting: 17,
      tried: 16,
    } as const;
    for (const kid of [undefined, 'k-1', undefined]) log.write({ ...cut, kid });
    expect(lines).toEqual([
      '17 keys of https://a.example fit ES256 tokens without "kid"; only the first 16 are tried',
      '17 keys of https://a.example fit ES256 tokens with the "kid" k-1; only the first 16 are tried',
    ]);
  });

  it('tells the end of a failure, and remembers a bounded number of failures', () => {
    spy('warn');
    const log = new OperatorLog();
    for (let index = 0; index < 5_000; index++) log.write(failure(`https://${String(index)}.example`));
    expect((Reflect.get(log, 'failing') as Set<string>).size).toBe(1_000);
    spy('log');
    lines.length = 0;
    log.write({ type: 'jwks.refreshed', issuer: 'https://0.example' });
    log.write({ type: 'jwks.refreshed', issuer: 'https://4999.example' });
    expect(lines).toEqual(['key set of https://4999.example is available again']);
  });
});
