import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { TestingModuleBuilder } from '@nestjs/testing';

export interface StartedApp {
  readonly app: INestApplication;
  /** Status and body of a GET. */
  readonly get: (
    path: string,
    authorization?: string,
  ) => Promise<{ status: number; body: Record<string, unknown> }>;
}

export async function startApp(builder: TestingModuleBuilder): Promise<StartedApp> {
  const app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  return {
    app,
    get: async (path, authorization) => {
      const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}
