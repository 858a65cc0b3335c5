import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { IdentityError } from '../errors/identity-error.js';
import { classesOf, isGateway } from '../startup/find-handlers.js';
import { providerSeenFrom, type HostModule } from '../startup/visible-provider.js';
import { SocketAuthenticator } from './socket-authenticator.js';

/**
 * The authenticator that checks the sockets of an application when they connect: that of the one `IdentityModule` that its
 * gateways see. A socket says nothing of the gateways that it is for, which may share a server.
 *
 * @throws {IdentityError} `options_invalid`, if several modules come into question.
 */
export function authenticatorOfSockets(app: INestApplicationContext): SocketAuthenticator {
  const modules = app.get(ModulesContainer, { strict: false });
  const seenFrom = (host: HostModule): SocketAuthenticator | undefined =>
    providerSeenFrom(host, SocketAuthenticator);
  const all = new Set([...modules.values()].map(seenFrom).filter((each) => each !== undefined));
  const seen = new Map<SocketAuthenticator | undefined, string[]>();
  for (const { type, host } of classesOf(modules, () => false)) {
    if (!isGateway(type)) continue;
    const authenticator = seenFrom(host);
    seen.set(authenticator, [...(seen.get(authenticator) ?? []), type.name]);
  }
  const [first] = seen.keys();
  if (all.size > 1 && (seen.size > 1 || seen.has(undefined))) throw severalModules(seen);
  const [only] = all;
  return first ?? only ?? app.get(SocketAuthenticator, { strict: false });
}

function severalModules(seen: ReadonlyMap<unknown, readonly string[]>): IdentityError {
  const groups = [...seen].map(([authenticator, names]) =>
    authenticator === undefined ? `${names.join(', ')} (no module)` : names.join(', '),
  );
  return new IdentityError(
    'options_invalid',
    'guardSockets checks all sockets of an application with one IdentityModule, but its gateways see different ones: ' +
      `${groups.join(' | ')}. Register one module with "issuers" for them, and put @RequireIssuer on each gateway`,
  );
}
