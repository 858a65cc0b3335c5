import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { onTestFinished } from 'vitest';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { IdentityDashboardModule, type IdentityDashboardOptions } from 'nestjs-identity-model/dashboard';
import { TestClock, TestIssuer } from 'nestjs-identity-model/testing';
import { ask, EventStream, type Answer, type Asked } from './ask.js';
import { createApp, type Platform } from './create-app.js';

export const SCOPE = 'identity:operate';

export interface DashboardSetup {
  readonly dashboard?: IdentityDashboardOptions;
  readonly identity?: IdentityModuleOptions;
  readonly metadata?: ModuleMetadata;
  readonly prepare?: (app: INestApplication) => void;
}

export interface Dashboard {
  readonly app: INestApplication;
  readonly issuer: TestIssuer;
  readonly clock: TestClock;
  /** Every line of the log. */
  readonly lines: string[];
  readonly url: string;
  readonly bearer: () => { authorization: string };
  /** With a token that has the scope, unless headers say otherwise. */
  readonly get: (path: string, asked?: Asked) => Promise<Answer>;
  /** As the page does it, with such a token, unless headers say otherwise. */
  readonly post: (path: string, body: unknown, headers?: Asked['headers']) => Promise<Answer>;
  readonly stream: (headers?: Asked['headers']) => Promise<EventStream>;
}

/** An application with the dashboard at /identity, in simulated time. */
export async function startDashboard(platform: Platform, setup: DashboardSetup = {}): Promise<Dashboard> {
  const { dashboard = { requiredScopes: [SCOPE] }, identity = {}, metadata = {}, prepare } = setup;
  const clock = new TestClock();
  const issuer = TestIssuer.inMemory({ clock });
  const lines: string[] = [];
  const { app, url } = await createApp(
    platform,
    {
      ...metadata,
      imports: [
        IdentityModule.forRoot(issuer.moduleOptions({ warmUp: 'await', ...identity })),
        IdentityDashboardModule.forRoot(dashboard),
        ...(metadata.imports ?? []),
      ],
    },
    (created) => {
      created.useLogger(collector(lines));
      prepare?.(created);
    },
    clock,
  );
  onTestFinished(() => app.close());
  const bearer = (): { authorization: string } => ({ authorization: issuer.bearer({ scope: SCOPE }) });
  return {
    app,
    issuer,
    clock,
    lines,
    url,
    bearer,
    get: (path, asked = {}) =>
      ask(`${url}${path}`, { ...asked, headers: { ...READ_MARK, ...(asked.headers ?? bearer()) } }),
    post: (path, body, headers = bearer()) =>
      ask(`${url}${path}`, {
        method: 'POST',
        headers: { ...PAGE_MARKS, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    stream: async (headers = bearer()) => {
      const stream = await EventStream.open(`${url}/identity/data/events`, { ...READ_MARK, ...headers });
      onTestFinished(() => stream.close());
      return stream;
    },
  };
}

const READ_MARK = { 'x-identity-dashboard': '1' };
export const PAGE_MARKS = { 'content-type': 'application/json', 'x-identity-dashboard': '1' };

function collector(lines: string[]): LoggerService {
  const write = (...parts: unknown[]): void =>
    void lines.push(parts.map((part) => inspectPart(part)).join(' '));
  return { log: write, warn: write, error: write, debug: write, verbose: write, fatal: write };
}

function inspectPart(part: unknown): string {
  if (part instanceof Error) return part.stack ?? part.message;
  return typeof part === 'string' ? part : JSON.stringify(part);
}
