import { Scope } from '@nestjs/common';
import type { HostModule } from './visible-provider.js';

type Wrapper = HostModule['providers'] extends Map<unknown, infer Each> ? Each : never;

/** The name of the provider below this one that Nest makes for each request; undefined without one. */
export function requestScopeBelow(wrapper: Wrapper): string | undefined {
  if (wrapper.isDependencyTreeStatic()) return undefined;
  return deepest(wrapper, new Set());
}

function deepest(wrapper: Wrapper, seen: Set<Wrapper>): string {
  seen.add(wrapper);
  const next = dependenciesOf(wrapper).find((each) => !seen.has(each) && !each.isDependencyTreeStatic());
  if (next === undefined || wrapper.scope === Scope.REQUEST) return String(wrapper.name);
  return deepest(next, seen);
}

/** Nest has no list for a provider without dependencies of a kind, and leaves gaps in the lists that it has. */
export function dependenciesOf(wrapper: Wrapper): readonly Wrapper[] {
  const parameters = wrapper.getCtorMetadata() as readonly (Wrapper | undefined)[] | undefined;
  const properties = wrapper.getPropertiesMetadata() as
    ReturnType<Wrapper['getPropertiesMetadata']> | undefined;
  const all = [...(parameters ?? []), ...(properties ?? []).map((each) => each.wrapper)];
  return all.filter((each) => each !== undefined);
}
