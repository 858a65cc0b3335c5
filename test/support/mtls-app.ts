import { Controller, Get, Sse, UseGuards, type INestApplication, type MessageEvent } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type Server,
} from 'node:http';
import { request as httpsRequest, type Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { of, type Observable } from 'rxjs';
import {
  IdentityAuthGuard,
  IdentityEvents,
  IdentityModule,
  Proof,
  Public,
  RequireSenderConstrained,
  type IdentityModuleOptions,
  type SenderProof,
} from 'nestjs-identity-model';
import type { TestCertificate } from 'nestjs-identity-model/testing';
import type { Platform } from './create-app.js';
import { pem } from './tls-provider.js';

@UseGuards(IdentityAuthGuard)
@Controller('orders')
export class MtlsController {
  @Get() list(@Proof() proof?: SenderProof): object {
    return { proof: proof ?? null };
  }

  @RequireSenderConstrained() @Get('bound') bound(@Proof() proof: SenderProof): object {
    return { proof };
  }

  @Public() @Get('open') open(): object {
    return {};
  }

  @UseGuards(IdentityAuthGuard, IdentityAuthGuard) @Get('twice') twice(): object {
    return {};
  }

  @Sse('events') events(): Observable<MessageEvent> {
    return of({ data: 'event' });
  }
}

export interface MtlsApp {
  readonly app: INestApplication;
  readonly port: number;
  /** Codes and reasons of refused tokens, in order. */
  readonly rejected: { readonly code: string; readonly reason: string }[];
}

/** Options of the server of an API that asks its clients for a certificate, and accepts any: the token decides. */
export const ASKING = {
  cert: pem('good'),
  key: pem('good-key'),
  requestCert: true,
  rejectUnauthorized: false,
} as const;

/**
 * An API on loopback.
 *
 * @param tls - of its server; null for plain HTTP.
 */
export async function startMtlsApp(
  platform: Platform,
  options: IdentityModuleOptions,
  tls: object | null = ASKING,
): Promise<MtlsApp> {
  const builder = Test.createTestingModule({
    imports: [IdentityModule.forRoot(options)],
    controllers: [MtlsController],
  });
  const module = await builder.compile();
  const settings = {
    logger: false as const,
    ...(tls && platform === 'express' ? { httpsOptions: tls } : {}),
  };
  const adapter =
    platform === 'express'
      ? new ExpressAdapter()
      : new FastifyAdapter(tls === null ? {} : ({ https: tls } as object));
  const app = module.createNestApplication(adapter, settings);
  const rejected: MtlsApp['rejected'] = [];
  app.get(IdentityEvents).events$.subscribe((event) => {
    if (event.type === 'token.rejected') rejected.push({ code: event.code, reason: event.reason });
  });
  await app.listen(0, '127.0.0.1');
  return { app, port: ((app.getHttpServer() as Server).address() as AddressInfo).port, rejected };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  /** @default GET */
  readonly method?: string;
  readonly body?: string | undefined;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders | readonly string[];
  /** What the client shows in the TLS handshake. */
  readonly certificate?: TestCertificate | undefined;
  /** For requests that share connections. */
  readonly agent?: Agent;
  /** @default https */
  readonly plain?: boolean;
}

/** One request to a port of loopback; without an agent on a connection of its own. */
export function askPort(
  port: number,
  { method = 'GET', body, path = '/orders', headers = {}, certificate, agent, plain = false }: Asking = {},
): Promise<Answer> {
  const to = { host: '127.0.0.1', port, method, path, headers: headers as OutgoingHttpHeaders };
  return new Promise((resolve, reject) => {
    const request = plain
      ? httpRequest({ ...to, agent: false })
      : httpsRequest({
          ...to,
          agent: agent ?? false,
          rejectUnauthorized: false,
          cert: certificate?.cert,
          key: certificate?.key,
        });
    request.on('error', reject).on('response', (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
      );
    });
    request.end(body);
  });
}
