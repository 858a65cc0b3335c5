import type { ModulesContainer } from '@nestjs/core';
import { IdentityStrategy } from '../auth/identity.strategy.js';

/** One module of an application, as Nest's container has it. */
export type HostModule = ModulesContainer extends Map<string, infer Host> ? Host : never;

/**
 * The strategy that Nest hands to guards of a module: its own, or the first one that its imports export, global modules
 * last. With several `IdentityModule`s (`isGlobal: false`) it says which of them a route or gateway belongs to.
 */
export function strategySeenFrom(host: HostModule): IdentityStrategy | undefined {
  return strategyOf(host) ?? strategyImportedBy(host, new Set([host]), false);
}

/** Of an import that itself only imports it, what it exports again. */
function strategyImportedBy(
  host: HostModule,
  seen: Set<HostModule>,
  isExport: boolean,
): IdentityStrategy | undefined {
  for (const imported of host.imports) {
    if (seen.has(imported) || (isExport && !host.exports.has(imported.metatype))) continue;
    seen.add(imported);
    const found = imported.exports.has(IdentityStrategy) ? strategyOf(imported) : undefined;
    const strategy = found ?? strategyImportedBy(imported, seen, true);
    if (strategy !== undefined) return strategy;
  }
  return undefined;
}

function strategyOf({ providers }: HostModule): IdentityStrategy | undefined {
  const instance: unknown = providers.get(IdentityStrategy)?.instance;
  return instance instanceof IdentityStrategy ? instance : undefined;
}
