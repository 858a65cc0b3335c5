import { Controller, Get, Sse, UseGuards, type MessageEvent } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  Public,
  RequireScopes,
} from 'nestjs-identity-model';
import { createApp, get, type Platform } from '../create-app.js';
import type { TransportUnderTest } from './target.js';

@UseGuards(IdentityAuthGuard)
@Controller('plain')
class PlainController {
  @Get('me') me(@Claims('sub') sub: string): string {
    return sub;
  }
  @RequireScopes('orders:write') @Get('create') create(): string {
    return 'created';
  }
  @Public() @Get('open') open(@Claims('sub') sub: string | undefined): string {
    return String(sub);
  }
  @OptionalAuth() @Get('greet') greet(@Claims('sub') sub: string | undefined): string {
    return sub ?? 'stranger';
  }
}

@UseGuards(IdentityAuthGuard)
@Controller('stream')
class StreamController {
  @Sse('me') me(@Claims('sub') sub: string): Observable<MessageEvent> {
    return of({ data: sub });
  }
  @RequireScopes('orders:write') @Sse('create') create(): Observable<MessageEvent> {
    return of({ data: 'created' });
  }
  @Public() @Sse('open') open(@Claims('sub') sub: string | undefined): Observable<MessageEvent> {
    return of({ data: String(sub) });
  }
  @OptionalAuth() @Sse('greet') greet(@Claims('sub') sub: string | undefined): Observable<MessageEvent> {
    return of({ data: sub ?? 'stranger' });
  }
}

function overHttp(name: string, platform: Platform, path: 'plain' | 'stream'): TransportUnderTest {
  return {
    name,
    hasCodes: false,
    async start(options) {
      const { app, url } = await createApp(platform, {
        imports: [IdentityModule.forRoot(options)],
        controllers: [PlainController, StreamController],
      });
      return {
        async call(operation, token) {
          const response = await get(`${url}/${path}/${operation}`, token);
          const text = await response.text();
          if (response.status !== 200) return { status: response.status };
          return { value: path === 'plain' ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? text) };
        },
        close: () => app.close(),
      };
    },
  };
}

export const HTTP_TRANSPORTS: readonly TransportUnderTest[] = [
  overHttp('Express', 'express', 'plain'),
  overHttp('Fastify', 'fastify', 'plain'),
  overHttp('Server-Sent Events on Express', 'express', 'stream'),
  overHttp('Server-Sent Events on Fastify', 'fastify', 'stream'),
];
