import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { IdentityError } from '../errors/identity-error.js';
import { classesOf, isGateway } from '../startup/route-scanner.js';
import { IdentityStrategy } from '../auth/identity.strategy.js';
import { strategySeenFrom } from '../startup/visible-strategy.js';

/**
 * The strategy that checks the sockets of an application when they connect: that of the one `IdentityModule` that its
 * gateways see. A socket says nothing of the gateways that it is for, which may share a server.
 *
 * @throws {IdentityError} `options_invalid`, where several modules come into question.
 */
export function strategyOfSockets(app: INestApplicationContext): IdentityStrategy {
  const modules = app.get(ModulesContainer, { strict: false });
  const all = new Set([...modules.values()].map(strategySeenFrom).filter((each) => each !== undefined));
  const seen = new Map<IdentityStrategy | undefined, string[]>();
  for (const { type, host } of classesOf(modules, () => false)) {
    if (!isGateway(type)) continue;
    const strategy = strategySeenFrom(host);
    seen.set(strategy, [...(seen.get(strategy) ?? []), type.name]);
  }
  const [first] = seen.keys();
  if (all.size > 1 && (seen.size > 1 || seen.has(undefined))) throw severalModules(seen);
  const [only] = all;
  return first ?? only ?? app.get(IdentityStrategy, { strict: false });
}

function severalModules(seen: ReadonlyMap<unknown, readonly string[]>): IdentityError {
  const groups = [...seen].map(([strategy, names]) =>
    strategy === undefined ? `${names.join(', ')} (no module)` : names.join(', '),
  );
  return new IdentityError(
    'options_invalid',
    'guardSockets checks all sockets of an application with one IdentityModule, but its gateways see different ones: ' +
      `${groups.join(' | ')}. Register one module with "issuers" for them, and put @RequireIssuer on each gateway`,
  );
}
