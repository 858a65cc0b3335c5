import { expect, it } from 'vitest';
import { callOf, NO_RIGHTS } from '../../test/support/rights.js';
import { tokenWith } from '../../test/support/token-with.js';
import type { PlacedRequirement } from './access-metadata.js';
import { ActorRequirement } from './actor.js';
import { ClaimRequirement } from './claim.js';
import { findReported } from './find-reported.js';
import type { Requirement } from './requirement.js';
import { ScopesRequirement } from './scopes.js';

const placed = (decorator: string, requirement: Requirement): PlacedRequirement => ({
  decorator,
  requirement,
  mode: 'report',
});

it('finds each that is not met, by itself, and throws nothing', () => {
  const thrown = new TypeError('database');
  const found = findReported(
    tokenWith({ act: 'malformed', tenant: 'acme' }),
    [
      placed('RequireScopes', new ScopesRequirement(['a'])),
      placed('RequireClaim', new ClaimRequirement(['tenant'], (value) => value === 'acme')),
      placed('RequireClaim', new ClaimRequirement(['tenant'], () => Promise.resolve(true) as never)),
      placed(
        'RequireClaim',
        new ClaimRequirement(['tenant'], () => {
          throw thrown;
        }),
      ),
      placed('RequireActor', new ActorRequirement([])),
    ],
    NO_RIGHTS,
    callOf(),
  );
  expect(found).toMatchObject([
    { decorator: 'RequireScopes', error: { code: 'scope_missing' } },
    { decorator: 'RequireClaim', error: { code: 'check_failed' } },
    { decorator: 'RequireClaim', error: { code: 'check_failed', cause: thrown } },
    { decorator: 'RequireActor', error: { code: 'claim_invalid' } },
  ]);
});

it('finds nothing for a token that meets all, or where nothing is reported', () => {
  const token = tokenWith({ tenant: 'acme' });
  const met = placed('RequireClaim', new ClaimRequirement(['tenant'], () => true));
  expect(findReported(token, [met], NO_RIGHTS, callOf())).toEqual([]);
  expect(findReported(token, [], NO_RIGHTS, callOf())).toEqual([]);
});
