import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CLOCK, type Clock } from '../../lib/cache/clock.js';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface TestApp {
  readonly app: INestApplication;
  readonly url: string;
}

/** A real application on a port of loopback: any free one, or one that it must know before. */
export async function createApp(
  platform: Platform,
  metadata: ModuleMetadata,
  prepare: (app: INestApplication) => void = () => undefined,
  clock?: Clock,
  port = 0,
): Promise<TestApp> {
  const builder = Test.createTestingModule(metadata);
  if (clock !== undefined) builder.overrideProvider(CLOCK).useValue(clock);
  const module = await builder.compile();
  const app =
    platform === 'express'
      ? module.createNestApplication(new ExpressAdapter(), { logger: false })
      : module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  prepare(app);
  await app.listen(port, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

/** A GET with a Bearer token, where one is given. */
export async function get(url: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  return fetch(url, { ...init, headers });
}
