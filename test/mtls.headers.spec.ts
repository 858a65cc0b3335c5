import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { IdentityModuleOptions } from 'nestjs-identity-model';
import { TestIssuer, WRONG_CERTIFICATE_HEADERS } from 'nestjs-identity-model/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { PLATFORMS, type Platform } from './support/create-app.js';
import { askPort, startMtlsApp, type Answer, type MtlsApp } from './support/mtls-app.js';

const FORMS = ['client-cert', 'nginx', 'envoy', 'aws-alb'] as const;

const LOOPBACK = ['127.0.0.1'];

const issuer = TestIssuer.inMemory();
const { thumbprint } = issuer.certificate();
const BOUND = issuer.bearer({ certificate: true });
const PLAIN = issuer.bearer();

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const optionsOf = (mtls: object): IdentityModuleOptions =>
  issuer.moduleOptions({ senderConstrained: 'accept', dpop: false, mtls });

async function start(platform: Platform, mtls: object): Promise<MtlsApp> {
  const test = await startMtlsApp(platform, optionsOf(mtls), null);
  open.push(() => test.app.close());
  return test;
}

const ask = (
  { port }: MtlsApp,
  authorization: string,
  headers: Readonly<Record<string, string>> | readonly string[],
): Promise<Answer> => {
  const list = Array.isArray(headers) ? (headers as readonly string[]) : Object.entries(headers).flat();
  return askPort(port, { headers: ['Host', 'x', 'Authorization', authorization, ...list], plain: true });
};

describe.each(PLATFORMS)('certificates in headers, on %s', (platform) => {
  it.each(FORMS)('%s: the right one gets in, every wrong one is refused', async (certificate) => {
    const test = await start(platform, { certificate, trustedProxies: LOOPBACK });
    const good = await ask(test, BOUND, issuer.certificateHeaders(certificate));
    expect([good.status, JSON.parse(good.body)]).toEqual([
      200,
      { proof: { kind: 'mtls', x5tS256: thumbprint } },
    ]);
    for (const wrong of WRONG_CERTIFICATE_HEADERS) {
      const headers = issuer.certificateHeaders(certificate, { wrong });
      const answer = await ask(test, BOUND, headers);
      expect([wrong, answer.status]).toEqual([wrong, 401]);
    }
    expect(
      Object.fromEntries(WRONG_CERTIFICATE_HEADERS.map((wrong, at) => [wrong, test.rejected[at]?.code])),
    ).toEqual({
      none: 'certificate_missing',
      empty: 'certificate_malformed',
      'other client': 'certificate_mismatch',
      'other form': 'certificate_malformed',
      'cut off': 'certificate_malformed',
      'several certificates': 'certificate_malformed',
    });
    const told = JSON.stringify(test.rejected);
    for (const value of Object.values(issuer.certificateHeaders(certificate))) {
      expect(told).not.toContain(value.slice(8, 40));
    }
  });

  it.each(FORMS)(
    '%s: a header from a stranger is refused with every token (RFC 9440 section 4)',
    async (certificate) => {
      const test = await start(platform, { certificate, trustedProxies: ['10.0.0.0/8', '::1'] });
      const headers = issuer.certificateHeaders(certificate);
      expect((await ask(test, BOUND, headers)).status).toBe(401);
      expect((await ask(test, PLAIN, headers)).status).toBe(401);
      const forwarded = { 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1', 'x-real-ip': '10.0.0.1' };
      expect((await ask(test, BOUND, { ...headers, ...forwarded })).status).toBe(401);
      expect(test.rejected.map(({ code }) => code)).toEqual(
        Array.from({ length: 3 }, () => 'certificate_untrusted'),
      );
      // Without the header nobody is any the wiser, and a bearer token is one.
      expect((await ask(test, PLAIN, {})).status).toBe(200);
      expect((await ask(test, BOUND, {})).status).toBe(401);
      expect(test.rejected.at(-1)?.code).toBe('certificate_missing');
    },
  );

  it.each(FORMS)('%s: two header fields are refused, whichever is the right one', async (certificate) => {
    const test = await start(platform, { certificate, trustedProxies: LOOPBACK });
    const [[name, good] = ['', '']] = Object.entries(issuer.certificateHeaders(certificate));
    const other = issuer.certificateHeaders(certificate, { wrong: 'other client' })[name] ?? '';
    for (const values of [
      [good, other],
      [other, good],
      [good, good],
      ['', good],
      [good, ''],
    ]) {
      const fields = values.flatMap((value, at) => [at === 0 ? name : name.toUpperCase(), value]);
      expect((await ask(test, BOUND, fields)).status).toBe(401);
      expect((await ask(test, PLAIN, fields)).status).toBe(401);
    }
    expect(new Set(test.rejected.map(({ code }) => code))).toEqual(new Set(['certificate_malformed']));
    expect(test.rejected[0]?.reason).toContain('came 2 times');
  });

  it('reads the header that the options name, and no other', async () => {
    const test = await start(platform, {
      certificate: 'nginx',
      header: 'SSL-Client-Cert',
      trustedProxies: LOOPBACK,
    });
    expect(
      (await ask(test, BOUND, issuer.certificateHeaders('nginx', { header: 'ssl-client-cert' }))).status,
    ).toBe(200);
    for (const form of FORMS) {
      expect((await ask(test, BOUND, issuer.certificateHeaders(form))).status).toBe(401);
    }
    // Dashes are no underscores: what some proxies take for the same name is another one here.
    const { 'x-ssl-client-cert': value = '' } = issuer.certificateHeaders('nginx');
    expect((await ask(test, BOUND, { SSL_Client_Cert: value })).status).toBe(401);
    expect(new Set(test.rejected.map(({ code }) => code))).toEqual(new Set(['certificate_missing']));
  });
});

it.each([
  ['16384', 20_000, 'it is longer than 16384 characters'],
  ['65536', 20_000, undefined],
  ['65536', 70_000, 'it is longer than 65536 characters'],
])('with --max-http-header-size=%s, of %d characters: %s', async (limit, length, problem) => {
  const file = new URL('../dist/certificates/read-client-cert.js', import.meta.url);
  const script = `import { readClientCert } from ${JSON.stringify(file)};
    console.log(JSON.stringify(readClientCert(':' + 'A'.repeat(${String(length)}) + ':')));`;
  const args = [`--max-http-header-size=${limit}`, '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const reading = JSON.parse(stdout) as { thumbprint?: string; problem?: string };
  expect([reading.problem, reading.thumbprint?.length]).toEqual([
    problem,
    problem === undefined ? 43 : undefined,
  ]);
});
