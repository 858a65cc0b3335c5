import type { TestingModuleBuilder } from '@nestjs/testing';
import { IdentityError } from '../errors/identity-error.js';
import type { TestClock } from './test-clock.js';
import type { TestIssuer } from './test-issuer.js';

/** What a builder was given so far. Of two overrides of one provider Nest takes the last, without a word. */
interface BuilderUses {
  readonly issuers: TestIssuer[];
  hasIdentity: boolean;
  clock: TestClock | undefined;
}

const uses = new WeakMap<TestingModuleBuilder, BuilderUses>();

function usesOf(builder: TestingModuleBuilder): BuilderUses {
  const known = uses.get(builder) ?? { issuers: [], hasIdentity: false, clock: undefined };
  uses.set(builder, known);
  return known;
}

/**
 * Notes another issuer for a builder.
 *
 * @returns all of them, those that are noted later included.
 * @throws {IdentityError} `options_invalid`.
 */
export function noteIssuer(builder: TestingModuleBuilder, issuer: TestIssuer): readonly TestIssuer[] {
  const { issuers, hasIdentity } = usesOf(builder);
  if (hasIdentity) throw bothKinds();
  if (!issuers.includes(issuer)) issuers.push(issuer);
  return issuers;
}

/** @throws {IdentityError} `options_invalid`. */
export function noteIdentity(builder: TestingModuleBuilder): void {
  const known = usesOf(builder);
  if (known.issuers.length > 0) throw bothKinds();
  if (known.hasIdentity) {
    throw invalid('withIdentity was called twice for one builder: give it a function that says who asks now');
  }
  known.hasIdentity = true;
}

/** @throws {IdentityError} `options_invalid`. */
export function noteClock(builder: TestingModuleBuilder, clock: TestClock): void {
  const known = usesOf(builder);
  if (known.clock !== undefined && known.clock !== clock) {
    throw invalid('withClock was called for one builder with two clocks: one of them would stand still');
  }
  known.clock = clock;
}

function bothKinds(): IdentityError {
  return invalid(
    'withIdentity and withIssuer were called for one builder, and each says where keys come from: take withIssuer alone ' +
      'and send issuer.bearer(…), or withIdentity alone',
  );
}

function invalid(message: string): IdentityError {
  return new IdentityError('options_invalid', message);
}
