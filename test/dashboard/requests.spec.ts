import { request as httpRequest } from 'node:http';
import {
  Catch,
  Injectable,
  RequestMethod,
  VersioningType,
  type CallHandler,
  type ExceptionFilter,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { ask } from '../support/ask.js';
import { PLATFORMS } from '../support/create-app.js';
import { PAGE_MARKS, SCOPE, startDashboard } from '../support/start-dashboard.js';

const ACTIONS = ['refresh', 'replace-keys', 'explain'];

describe.each(PLATFORMS)('a request of another site, on %s', (platform) => {
  it.each<[string, Record<string, string>, number]>([
    ['has no mark', { 'x-identity-dashboard': '' }, 403],
    ['is a form', { 'content-type': 'application/x-www-form-urlencoded' }, 403],
    ['is text', { 'content-type': 'text/plain' }, 403],
    ['is said to come from elsewhere', { 'sec-fetch-site': 'cross-site' }, 403],
    ['is said to come from a sister site', { 'sec-fetch-site': 'same-site' }, 403],
    ['has another origin', { origin: 'https://evil.example' }, 403],
    ['has no origin to tell', { origin: 'null' }, 403],
    ['is none: it is the page', { 'sec-fetch-site': 'same-origin' }, 200],
  ])('that %s: the buttons answer as they must', async (_name, headers, status) => {
    const { post, bearer, issuer } = await startDashboard(platform);
    const asked = issuer.count();
    for (const action of ACTIONS) {
      const body = { issuer: issuer.issuer, token: issuer.token() };
      const answer = await post(`/identity/data/${action}`, body, { ...bearer(), ...headers });
      expect([action, answer.status]).toEqual([action, status]);
    }
    expect(issuer.count() > asked).toBe(status === 200);
  });

  it('that only asks for data gets none either', async () => {
    const { get, bearer } = await startDashboard(platform);
    for (const path of ['/identity/data/snapshot', '/identity/data/events']) {
      const { status, text } = await get(path, { headers: { ...bearer(), 'sec-fetch-site': 'cross-site' } });
      expect([status, text]).toEqual([403, '{"code":"cross_site"}']);
    }
  });

  it('by GET does nothing', async () => {
    const { get, issuer } = await startDashboard(platform);
    const asked = issuer.count();
    for (const action of ACTIONS) {
      expect((await get(`/identity/data/${action}?issuer=${encodeURIComponent(issuer.issuer)}`)).status).toBe(
        404,
      );
    }
    expect(issuer.count()).toBe(asked);
  });
});

describe.each(PLATFORMS)('the answers, on %s', (platform) => {
  it('are stored, framed, sniffed and read by nobody else', async () => {
    const { get, post, issuer } = await startDashboard(platform);
    const page = await get('/identity', { headers: {} });
    const files = await Promise.all(
      ['main.js', 'base.css', 'icon.svg', 'uplot.js', 'uplot.css'].map((name) =>
        get(`/identity/assets/${name}`, { headers: {} }),
      ),
    );
    const data = await Promise.all([
      get('/identity/data/snapshot'),
      get('/identity/data/events', { method: 'HEAD' }),
      get('/identity/assets/none.js'),
      post('/identity/data/explain', { token: issuer.token() }),
      post('/identity/data/explain', {}),
      post('/identity/data/refresh', { issuer: 'https://none.example' }),
      post('/identity/data/refresh', {}, { ...PAGE_MARKS, authorization: issuer.bearer() }),
      get('/identity/data/snapshot', { headers: {} }),
    ]);
    expect(files.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(data.map(({ status }) => status)).toEqual([200, 200, 404, 200, 400, 404, 403, 401]);
    for (const { headers } of [page, ...files, ...data]) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
    for (const { headers } of [page, ...files]) {
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*|data:|nonce/);
      expect(headers).toMatchObject({
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
      });
    }
    for (const { headers } of data.slice(0, 6)) {
      expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
    }
  });

  it('need nothing from elsewhere, and nothing in line', async () => {
    const { get } = await startDashboard(platform);
    const { text, headers } = await get('/identity', { headers: {} });
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|<style|https?:|\{\{/i);
    const linked = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link = '']) => link);
    expect(linked.length).toBeGreaterThan(4);
    const files = new Set(linked);
    for (const link of files) {
      expect(link).toMatch(/^identity\/assets\/[a-z-]+\.(js|css|svg)$/);
      const file = await get(`/${link}`, { headers: {} });
      expect([link, file.status]).toEqual([link, 200]);
      for (const [, name = ''] of file.text.matchAll(/^(?:import|\}).*\bfrom '([^']+)'/gm)) {
        expect(name).toMatch(/^\.\/[a-z-]+\.js$/);
        files.add(`identity/assets/${name.slice(2)}`);
      }
    }
    expect(files.size).toBeGreaterThan(10);
  });

  it('have only the files that there are', async () => {
    const { url } = await startDashboard(platform);
    for (const name of [
      '..%2f..%2findex.js',
      '%2e%2e%2fdata.controller.js',
      '..%5cindex.js',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'main.js%00',
      'main.js.map',
      'MAIN.JS',
      'index.html',
      '%252e%252e%252f',
    ]) {
      const { status, text } = await rawGet(url, `/identity/assets/${name}`);
      expect([name, status, text]).toEqual([name, 404, '{"code":"not_found"}']);
    }
    for (const path of ['/identity/assets/../data/snapshot', '/identity/assets/', '/identity/none']) {
      expect((await rawGet(url, path)).status).toBeGreaterThanOrEqual(400);
    }
  });

  it('repeat nothing that was asked', async () => {
    const { get, post } = await startDashboard(platform);
    const evil = '"><script>alert(1)</script>';
    const answers = await Promise.all([
      get(`/identity?q=${encodeURIComponent(evil)}`, { headers: {} }),
      get(`/identity/assets/${encodeURIComponent(evil)}`),
      post('/identity/data/refresh', { issuer: evil }),
    ]);
    for (const { text } of answers) expect(text).not.toContain('alert(1)');
  });

  it('come without a body where only the head is asked for', async () => {
    const { get } = await startDashboard(platform);
    for (const path of [
      '/identity',
      '/identity/assets/main.js',
      '/identity/data/snapshot',
      '/identity/data/events',
    ]) {
      const { status, text } = await get(path, { method: 'HEAD' });
      expect([path, status, text]).toEqual([path, 200, '']);
    }
  });
});

/** The path as it is, which a URL would tidy up. */
async function rawGet(url: string, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    httpRequest({ hostname, port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

@Injectable()
class Wrapping implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data, wrapped: true })));
  }
}

@Catch()
class Rewriting implements ExceptionFilter {
  catch(): void {
    throw new Error('no answer of the dashboard comes by here');
  }
}

/** What helmet does, in two lines. */
function setLikeHelmet(app: INestApplication): void {
  app.use(
    (_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
      response.setHeader('Content-Security-Policy', "default-src 'self'; script-src 'unsafe-inline'");
      response.setHeader('X-Frame-Options', 'SAMEORIGIN');
      next();
    },
  );
}

describe.each(PLATFORMS)('what the application does to its own answers, on %s', (platform) => {
  it('changes none of these', async () => {
    const { get, post, issuer } = await startDashboard(platform, {
      metadata: {
        providers: [
          { provide: APP_INTERCEPTOR, useClass: Wrapping },
          { provide: APP_FILTER, useClass: Rewriting },
        ],
      },
      prepare: setLikeHelmet,
    });
    const page = await get('/identity');
    expect(page.headers['content-security-policy']).not.toContain('unsafe-inline');
    expect(page.headers['x-frame-options']).toBe('DENY');
    expect(page.text).toMatch(/^<!doctype html>/i);
    const snapshot = await get('/identity/data/snapshot');
    expect(Object.keys(JSON.parse(snapshot.text) as object)).toEqual(['state', 'history']);
    expect(snapshot.headers['content-security-policy']).toContain('sandbox');
    for (const [path, body, status] of [
      ['explain', { token: issuer.token() }, 200],
      ['explain', {}, 400],
      ['refresh', { issuer: 'https://none.example' }, 404],
    ] as const) {
      const answer = await post(`/identity/data/${path}`, body);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).not.toHaveProperty('wrapped');
    }
    expect((await get('/identity/assets/none')).status).toBe(404);
  });
});

describe.each(PLATFORMS)('mounted on %s', (platform) => {
  const linksOf = (html: string): string[] =>
    [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link = '']) => link);

  it.each<[string, string | undefined, (app: INestApplication) => void, string]>([
    ['a path of several parts', 'ops/identity', () => undefined, '/ops/identity'],
    ['a global prefix', undefined, (app) => app.setGlobalPrefix('api/v1'), '/api/v1/identity'],
    [
      'a global prefix that has it excluded',
      undefined,
      (app) =>
        app.setGlobalPrefix('api', { exclude: [{ path: 'identity{/*rest}', method: RequestMethod.ALL }] }),
      '/identity',
    ],
    [
      'versions in the path',
      undefined,
      (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }),
      '/identity',
    ],
    [
      'versions in a header',
      undefined,
      (app) =>
        app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '2' }),
      '/identity',
    ],
  ])('under %s, all of it is found', async (_name, path, prepare, at) => {
    const { get, url, bearer } = await startDashboard(platform, {
      dashboard: { requiredScopes: [SCOPE], path },
      prepare,
    });
    const page = await get(at, { headers: {} });
    expect(page.status).toBe(200);
    for (const link of linksOf(page.text)) {
      const { pathname } = new URL(link, `${url}${at}`);
      expect([pathname, (await get(pathname, { headers: {} })).status]).toEqual([pathname, 200]);
    }
    expect((await get(`${at}/data/snapshot`, { headers: bearer() })).status).toBe(200);
  });

  it('behind a proxy that puts a path in front, links stay below what the browser asked for', async () => {
    const { get } = await startDashboard(platform, {
      dashboard: { requiredScopes: [SCOPE], path: 'ops/identity' },
    });
    const { text } = await get('/ops/identity', { headers: {} });
    for (const link of linksOf(text)) {
      expect(new URL(link, 'https://example.com/tools/orders/ops/identity').pathname).toMatch(
        /^\/tools\/orders\/ops\/identity\/assets\/[a-z-]+\.[a-z]+$/,
      );
    }
  });

  it('with a slash at the end, links are right where the framework takes it', async () => {
    const { get, url } = await startDashboard(platform);
    const { status, text } = await get('/identity/', { headers: {} });
    expect(status).toBe(platform === 'express' ? 200 : 404);
    if (status === 404) return;
    for (const link of linksOf(text)) {
      expect(new URL(link, `${url}/identity/`).pathname).toMatch(/^\/identity\/assets\//);
    }
  });

  it('twice, each has its own door', async () => {
    const { get, issuer } = await startDashboard(platform, {
      metadata: {
        imports: [IdentityDashboardModule.forRoot({ path: 'second', requiredScopes: ['second'] })],
      },
    });
    const status = async (path: string, scope: string): Promise<number> => {
      const headers = { authorization: issuer.bearer({ scope }) };
      return (await get(`/${path}/data/snapshot`, { headers })).status;
    };
    expect(await status('identity', SCOPE)).toBe(200);
    expect(await status('identity', 'second')).toBe(403);
    expect(await status('second', 'second')).toBe(200);
    expect(await status('second', SCOPE)).toBe(403);
  });

  it('in two applications of one process, they know nothing of each other', async () => {
    const [one, two] = [
      await startDashboard(platform),
      await startDashboard(platform, { dashboard: { requiredScopes: ['two'], path: 'other' } }),
    ];
    one.issuer.misbehave('down');
    await one.post('/identity/data/refresh', { issuer: one.issuer.issuer });
    expect((await one.get('/other/data/snapshot')).status).toBe(404);
    const headers = { authorization: two.issuer.bearer({ scope: 'two' }) };
    const state = await two.get('/other/data/snapshot', { headers });
    expect((JSON.parse(state.text) as { state: { incidents: unknown[] } }).state.incidents).toEqual([]);
    expect((await two.get('/other/data/snapshot', { headers: two.bearer() })).status).toBe(403);
  });

  it('is no part of the documented API', async () => {
    const { app } = await startDashboard(platform);
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(document.paths).toEqual({});
  });

  it('leaves what is too long, or no JSON, to the framework', async () => {
    const { post, lines, url } = await startDashboard(platform);
    const token = `ey${'x'.repeat(3_000_000)}`;
    expect((await post('/identity/data/explain', { token })).status).toBe(413);
    expect((await post('/identity/data/explain', '{"token": "ey')).status).toBe(400);
    expect((await ask(`${url}/identity`)).status).toBe(200);
    expect(lines.join('\n')).not.toContain('eyx');
  });
});
