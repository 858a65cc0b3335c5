import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Agent, MockAgent, ProxyAgent, RetryAgent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { ProviderDouble } from './support/provider-double.js';
import { certificateFile, KEY, keysOf, Opened, pem, startProxy, startTls } from './support/tls-provider.js';

const run = promisify(execFile);
const CA = pem('ca');
const opened = new Opened();
afterEach(() => opened.close());

interface Undici {
  readonly Agent: typeof Agent;
  readonly ProxyAgent: typeof ProxyAgent;
  readonly RetryAgent: typeof RetryAgent;
  readonly MockAgent: typeof MockAgent;
}

/** By a name that is not read by the compiler: undici 8 is for newer versions of Node.js. */
const load = async (name: string): Promise<Undici> => (await import(name)) as Undici;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasUndici8 = major > 22 || (major === 22 && minor >= 19);

const start = async (): Promise<ProviderDouble> => {
  const provider = await ProviderDouble.start({ keys: [KEY] });
  opened.add(() => provider.stop());
  return provider;
};

describe.each(['undici-6', 'undici', ...(hasUndici8 ? ['undici-8'] : [])])('dispatchers of %s', (name) => {
  it('serve: an Agent, with TLS options of its own', async () => {
    const { Agent: OwnAgent } = await load(name);
    const { issuer } = await startTls(opened, 'good');
    const dispatcher = new OwnAgent({ connect: { ca: CA } });
    opened.add(() => dispatcher.destroy());
    expect(await keysOf(issuer, { dispatcher })).toBe('ok');
    const strict = new OwnAgent();
    opened.add(() => strict.destroy());
    expect(await keysOf(issuer, { dispatcher: strict })).toMatch(/certificate/);
  });

  it('serve: a ProxyAgent, a RetryAgent and one that is composed', async () => {
    const { Agent: OwnAgent, ProxyAgent: OwnProxyAgent, RetryAgent: OwnRetryAgent } = await load(name);
    const { issuer } = await startTls(opened, 'good');
    const proxy = await startProxy(opened);
    const agent = new OwnAgent({ connect: { ca: CA } });
    const through = new OwnProxyAgent({ uri: proxy.url, requestTls: { ca: CA } });
    opened.add(() => Promise.all([agent.destroy(), through.destroy()]));
    let seen = 0;
    const composed = agent.compose((dispatch) => (options, handler) => {
      seen++;
      return dispatch(options, handler);
    });
    expect(await keysOf(issuer, { dispatcher: through })).toBe('ok');
    expect(await keysOf(issuer, { dispatcher: new OwnRetryAgent(agent) })).toBe('ok');
    expect(await keysOf(issuer, { dispatcher: composed })).toBe('ok');
    expect([proxy.asked.length, seen]).toEqual([expect.any(Number), 2]);
  });

  it('serve: a MockAgent', async () => {
    const { MockAgent: OwnMockAgent } = await load(name);
    const dispatcher = new OwnMockAgent();
    dispatcher.disableNetConnect();
    opened.add(() => dispatcher.close());
    const issuer = 'https://id.example.com';
    const pool = dispatcher.get(issuer);
    const metadata = JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` });
    pool.intercept({ path: '/.well-known/openid-configuration' }).reply(200, metadata);
    pool.intercept({ path: '/jwks' }).reply(200, JSON.stringify({ keys: [KEY.jwk] }));
    expect(await keysOf(issuer, { dispatcher })).toBe('ok');
  });

  it('are held to the limits of time and size, and to conditions', async () => {
    const { Agent: OwnAgent } = await load(name);
    const dispatcher = new OwnAgent();
    opened.add(() => dispatcher.destroy());
    const provider = await start();
    provider.respond(provider.jwksPath, 200, ' '.repeat(600_000));
    expect(await keysOf(provider.issuer, { dispatcher })).toContain('more than 524288 bytes');
    provider.respond(provider.jwksPath, 503, 'x'.repeat(100_000), { 'retry-after': '7' });
    expect(await keysOf(provider.issuer, { dispatcher })).toContain('status 503');
    provider.answers.set(provider.jwksPath, (_request, response) => {
      response.write('{');
    });
    const beganMs = performance.now();
    expect(await keysOf(provider.issuer, { dispatcher, timeoutMs: 300 })).toContain('within 300 ms');
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    provider.answers.clear();
    expect(await keysOf(provider.issuer, { dispatcher })).toBe('ok');
  });
});

describe('processes of their own, over the built package', () => {
  /** Runs a script that has `keysOf(http)`, which says `ok` or why not. */
  async function inProcess(
    issuer: string,
    script: string,
    env: Record<string, string> = {},
  ): Promise<string> {
    const source = `
      ${script.includes('nodeGlobal') ? "await fetch('data:,x'); const nodeGlobal = globalThis[Symbol.for('undici.globalDispatcher.1')];" : ''}
      await import('reflect-metadata');
      const { NestFactory } = await import('@nestjs/core');
      const { IdentityModule, JwksService } = await import('nestjs-identity-model');
      async function keysOf(http) {
        const root = IdentityModule.forRoot({ issuer: ${JSON.stringify(issuer)}, audience: 'x', warmUp: 'off', http });
        const app = await NestFactory.createApplicationContext(root, { logger: false });
        try { await app.get(JwksService).get(); return 'ok'; }
        catch (error) { return error.message; }
        finally { await app.close(); }
      }
      ${script}`;
    const variables = { SSL_CERT_FILE: '', NODE_EXTRA_CA_CERTS: '', ...env };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
      env: { ...process.env, ...variables },
    });
    return stdout.trim();
  }

  it("serve: Node's own global dispatcher", async () => {
    const provider = await start();
    const script = `console.log(nodeGlobal.constructor.name, await keysOf({ retries: 0, dispatcher: nodeGlobal }));`;
    // Node.js 26 puts a wrapper around it.
    expect(await inProcess(provider.issuer, script)).toMatch(/^(Agent|Dispatcher1Wrapper) ok$/);
  });

  it('trust what NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and "ca" name, together', async () => {
    const { issuer } = await startTls(opened, 'good');
    const other = JSON.stringify(pem('self-signed'));
    const script = `console.log(await keysOf({ retries: 0 }), await keysOf({ retries: 0, tls: { ca: ${other} } }));`;
    const [ca, selfSigned] = [certificateFile('ca.pem'), certificateFile('self-signed.pem')];
    const outcomes = [
      { NODE_EXTRA_CA_CERTS: ca },
      { NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: selfSigned },
      { NODE_EXTRA_CA_CERTS: selfSigned, SSL_CERT_FILE: ca },
      { SSL_CERT_FILE: selfSigned },
    ].map(async (env) => inProcess(issuer, script, env));
    const [refused, ...others] = (await Promise.all(outcomes)).toReversed();
    expect(others).toEqual(['ok ok', 'ok ok', 'ok ok']);
    expect(refused).toMatch(/certificate/);
  }, 60_000);

  it('verify certificates in the doctor, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const { issuer, requests } = await startTls(opened, 'self-signed');
    const doctor = new URL('../dist/cli/main.js', import.meta.url).pathname;
    const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', SSL_CERT_FILE: '' };
    const report = await run(process.execPath, [doctor, 'doctor', issuer, '--json'], { env }).catch(
      (error: unknown) => error,
    );
    const { stdout } = report as { stdout: string };
    expect(stdout).toContain('self-signed certificate');
    expect(stdout).not.toContain('more days');
    expect(requests).toEqual([]);
  });
});
