import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/** One module of an application, as Nest's container has it. */
export type HostModule = ModulesContainer extends Map<string, infer Host> ? Host : never;

/**
 * The provider of this module that Nest hands to classes of another one: its own, or the first one that its imports export,
 * global modules last. With several `IdentityModule`s (`isGlobal: false`) it says which of them a route or gateway belongs to.
 */
export function providerSeenFrom<Provider>(host: HostModule, type: Type<Provider>): Provider | undefined {
  return ownProvider(host, type) ?? importedProvider(host, type, new Set([host]), false);
}

/** Of an import that itself only imports it, what it exports again. */
function importedProvider<Provider>(
  host: HostModule,
  type: Type<Provider>,
  seen: Set<HostModule>,
  isExport: boolean,
): Provider | undefined {
  for (const imported of host.imports) {
    if (seen.has(imported) || (isExport && !host.exports.has(imported.metatype))) continue;
    seen.add(imported);
    const found = imported.exports.has(type) ? ownProvider(imported, type) : undefined;
    const provider = found ?? importedProvider(imported, type, seen, true);
    if (provider !== undefined) return provider;
  }
  return undefined;
}

/** By `instanceof`: a test may have put something else under the token. */
function ownProvider<Provider>({ providers }: HostModule, type: Type<Provider>): Provider | undefined {
  const instance: unknown = providers.get(type)?.instance;
  return instance instanceof type ? instance : undefined;
}
