import type { ServerResponse } from 'node:http';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { COMMON_HEADERS } from './response-headers.js';

/** Express or Fastify. */
type Settable = ServerResponse | { header(name: string, value: string): unknown };

/** Stands in front of the guards, so that their denials have the headers of every other response. */
export const securityHeadersGuard: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    const response = context.switchToHttp().getResponse<Settable>();
    for (const [name, value] of Object.entries(COMMON_HEADERS)) {
      if ('setHeader' in response) response.setHeader(name, value);
      else response.header(name, value);
    }
    return true;
  },
};
