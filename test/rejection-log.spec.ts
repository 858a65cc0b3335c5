import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import { IdentityAuthGuard, IdentityModule, RequireScopes } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { createApp, type TestApp } from './support/create-app.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class Orders {
  @RequireScopes('orders:read') @Get() list(): object {
    return {};
  }
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const open: TestApp[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map(({ app }) => app.close()));
});

async function start(
  logRejections?: boolean,
): Promise<{ lines: string[]; ask: (header?: string) => Promise<number> }> {
  const lines: string[] = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => {
    // The logger is one for the process: a module of another file, whose provider is gone, may retry meanwhile.
    if (!String(line).includes('http://127.0.0.1')) lines.push(String(line));
  });
  const test = await createApp('express', {
    imports: [IdentityModule.forRoot({ ...issuer.moduleOptions(), logRejections })],
    controllers: [Orders],
  });
  open.push(test);
  const ask = async (authorization?: string): Promise<number> =>
    (await fetch(test.url, { headers: authorization === undefined ? {} : { authorization } })).status;
  return { lines, ask };
}

it('logs why requests were rejected, and nothing of their tokens', async () => {
  const { lines, ask } = await start(true);
  const subject = 'ada-of-the-log';
  const statuses = [
    await ask(),
    await ask(issuer.bearer({ sub: subject, audience: 'orders-apis' })),
    await ask(issuer.bearer({ sub: subject, scope: 'other' })),
    await ask(issuer.bearer({ scope: 'orders:read' })),
  ];
  expect(statuses).toEqual([401, 401, 403, 200]);
  expect(lines).toEqual([
    expect.stringMatching(/^request\.rejected: token_missing: ./),
    expect.stringMatching(/^token\.rejected: audience_mismatch: .*"aud"/),
    expect.stringMatching(/^access\.denied: scope_missing: .*orders:read/),
  ]);
  expect(lines.join('\n')).not.toContain(subject);
});

it('has a bound that no flood exceeds: 60 lines, and one with the number of the others', async () => {
  const { lines, ask } = await start(true);
  for (let at = 0; at < 80; at++) expect(await ask('Bearer x.y.z')).toBe(401);
  expect(lines.length).toBeGreaterThanOrEqual(60);
  expect(lines.length).toBeLessThanOrEqual(62);
});

it('is off unless it is asked for', async () => {
  const { lines, ask } = await start();
  expect([await ask(), await ask('Bearer x.y.z')]).toEqual([401, 401]);
  expect(lines).toEqual([]);
});
