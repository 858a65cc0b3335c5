import { ModuleRef, type ModulesContainer } from '@nestjs/core';
import { dependenciesOf } from './request-scope.js';
import type { HostModule } from './visible-provider.js';

/** How Nest keeps a provider, with its scope and what it depends on. */
export type GuardProvider = HostModule['providers'] extends Map<unknown, infer Each> ? Each : never;

/** Nest names each provider of `APP_GUARD` by this and a number. */
const GLOBAL_GUARD = 'APP_GUARD (UUID: ';

/**
 * The provider of the guard that another one leads to: itself, or what an alias (`useExisting`) or the `inject` of a factory
 * names. A factory or an alias with a scope has no instance at start, and its own class says nothing.
 *
 * @param isOurs - whether a class, or an instance, is a guard of this package.
 */
export function guardBehind(
  wrapper: GuardProvider,
  isOurs: (value: unknown) => boolean,
  seen = new Set<GuardProvider>(),
): GuardProvider | undefined {
  if (seen.has(wrapper)) return undefined;
  seen.add(wrapper);
  if (!wrapper.isNotMetatype) return isOurs(wrapper.metatype) ? wrapper : undefined;
  // Of values: a factory has its dependencies.
  if (!wrapper.isFactory) return isOurs(wrapper.instance) ? wrapper : undefined;
  for (const each of dependenciesOf(wrapper)) {
    const found = guardBehind(each, isOurs, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether it is a factory that may take any guard from the container: which one, nobody sees before a request. */
export function mayTakeAnyGuard(wrapper: GuardProvider): boolean {
  return wrapper.isFactory && dependenciesOf(wrapper).some(({ token }) => token === ModuleRef);
}

/**
 * Those bound without a scope to what has one by itself: Nest 11.0 and 12.0 have no instance of them, and ask nothing. Later
 * ones give such an alias the scope of its class, or do not start.
 */
export function guardsWithoutInstance(modules: ModulesContainer): readonly GuardProvider[] {
  return [...modules.values()].flatMap(({ providers }) =>
    [...providers]
      .filter(([token, wrapper]) => isGlobalGuard(token) && !wrapper.isDependencyTreeStatic())
      .map(([, wrapper]) => wrapper),
  );
}

function isGlobalGuard(token: unknown): boolean {
  return typeof token === 'string' && token.startsWith(GLOBAL_GUARD);
}
