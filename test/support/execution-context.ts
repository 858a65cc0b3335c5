import type { ExecutionContext, Type } from '@nestjs/common';
import { nestLine } from './nest-line.js';

interface Host extends ExecutionContext {
  setType(type: string): void;
}

/** NestJS 11 has no entry for it. */
const file = nestLine.major < 12 ? '@nestjs/core/helpers/execution-context-host.js' : '@nestjs/core/internal';

/** Nest's own, as it hands it to guards. */
export const { ExecutionContextHost } = (await import(file)) as {
  readonly ExecutionContextHost: new (args: unknown[], type?: Type, handler?: unknown) => Host;
};
