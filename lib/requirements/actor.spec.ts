import { describe, expect, it } from 'vitest';
import { callOf, NO_RIGHTS } from '../../test/support/rights.js';
import { tokenWith } from '../../test/support/token-with.js';
import { ActorRequirement, NoActorRequirement, RefuseDelegated, RequireActor } from './actor.js';
import { findUnmetRequirement } from './find-unmet-requirement.js';
import { readAccessPlan } from './read-access-plan.js';
import { readActor } from './read-actor.js';
import type { Requirement } from './requirement.js';

const FIELD: PropertyDescriptor = { value: 1 };

/** What a requirement says about a claim `act`: the code, undefined if it is met. */
function judge(act: unknown, requirement: Requirement): string | undefined {
  const token = tokenWith(act === undefined ? {} : { act });
  return findUnmetRequirement(token, [requirement], NO_RIGHTS, callOf())?.error.code;
}

const chain = (length: number, last: object = {}): object => {
  let at: object = { sub: 'last', ...last };
  for (let index = 1; index < length; index++) at = { sub: `actor-${String(index)}`, act: at };
  return at;
};

describe('an actor', () => {
  const named = new ActorRequirement(['desk', 'bot']);
  const anybody = new ActorRequirement([]);
  const nobody = new NoActorRequirement();

  it.each<[act: unknown, named: string | undefined, anybody: string | undefined, nobody: string | undefined]>(
    [
      [undefined, 'actor_not_met', 'actor_not_met', undefined],
      [null, 'actor_not_met', 'actor_not_met', undefined],
      [{ sub: 'desk' }, undefined, undefined, 'delegation_refused'],
      [{ client_id: 'bot' }, undefined, undefined, 'delegation_refused'],
      [{ sub: 'x', client_id: 'bot' }, undefined, undefined, 'delegation_refused'],
      [{ sub: 'desk', iss: 'https://other.example' }, 'actor_not_met', undefined, 'delegation_refused'],
      [{ sub: 'desk', iss: 'https://id.example.com' }, undefined, undefined, 'delegation_refused'],
      [{ sub: 'x' }, 'actor_not_met', undefined, 'delegation_refused'],
      [{ sub: 'x', act: { sub: 'desk' } }, 'actor_not_met', undefined, 'delegation_refused'],
      [{ sub: 'desk', act: { sub: 'x' } }, undefined, undefined, 'delegation_refused'],
      [{ iss: 'desk', sub: 'x' }, 'actor_not_met', undefined, 'delegation_refused'],
    ],
  )('%j', (act, ofNamed, ofAnybody, ofNobody) => {
    expect(judge(act, named)).toBe(ofNamed);
    expect(judge(act, anybody)).toBe(ofAnybody);
    expect(judge(act, nobody)).toBe(ofNobody);
  });

  it.each<[unknown]>([
    ['desk'],
    [1],
    [true],
    [[{ sub: 'desk' }]],
    [{}],
    [{ iss: 'https://other.example' }],
    [{ sub: '' }],
    [{ sub: 1 }],
    [{ sub: 'desk', client_id: '' }],
    [{ client_id: null, sub: 'desk' }],
    [{ sub: 'desk', iss: 1 }],
    [{ sub: 'desk', act: null }],
    [{ sub: 'desk', act: undefined }],
    [{ sub: 'desk', act: {} }],
    [{ sub: 'desk', act: 'x' }],
    [chain(8, { act: {} })],
    [chain(9)],
  ])('%j is malformed', (act) => {
    for (const requirement of [named, anybody, nobody]) expect(judge(act, requirement)).toBe('claim_invalid');
    expect(readActor(tokenWith({ act }).claims)).toBeNull();
  });

  it('may stand in front of seven others', () => {
    const act = chain(8);
    expect(judge(act, anybody)).toBeUndefined();
    expect(readActor(tokenWith({ act }).claims)).toBe(act);
    expect(readActor(tokenWith({}).claims)).toBeUndefined();
  });

  it('is what the message names, and nothing of the token', () => {
    const messageOf = (requirement: Requirement): string | undefined =>
      findUnmetRequirement(tokenWith({ act: { sub: 'secret' } }), [requirement], NO_RIGHTS, callOf())?.error
        .message;
    expect(messageOf(named)).toBe(
      'An actor of "desk", "bot", which @RequireActor of the route requires, is not what the token names in "act".',
    );
    expect(anybody.demand).toBe(
      'An actor, which @RequireActor of the route requires, is not what the token names in "act".',
    );
    expect(messageOf(nobody)).toBe(
      'Another party acts for the subject of the token ("act"), which @RefuseDelegated of the route refuses.',
    );
    const malformed = findUnmetRequirement(tokenWith({ act: 'secret' }), [named], NO_RIGHTS, callOf());
    expect(malformed).toMatchObject({
      error: { message: 'The claim "act", which the route reads, has the wrong type or form.' },
      challenge: undefined,
    });
    for (const requirement of [named, nobody]) {
      expect(requirement.malformedClaim(tokenWith({ act: 1 }))).toBe('act');
      expect(requirement.malformedClaim(tokenWith({}))).toBeUndefined();
    }
  });
});

describe('the decorators', () => {
  it('put their requirement on a route', () => {
    class Routes {
      @RequireActor('desk') refund(): void {}
      @RefuseDelegated() close(): void {}
    }
    const of = (name: 'refund' | 'close'): unknown =>
      readAccessPlan(Reflect.get(Routes.prototype, name), Routes).requirements;
    expect(of('refund')).toEqual([new ActorRequirement(['desk'])]);
    expect(of('close')).toEqual([new NoActorRequirement()]);
  });

  it('stand on methods and classes only, and say their names', () => {
    expect(() => RequireActor()({}, 'field', FIELD)).toThrow(/^@RequireActor stands on "field"/);
    expect(() => RefuseDelegated()({}, 'field', FIELD)).toThrow(/^@RefuseDelegated stands on "field"/);
  });

  it('take names, and none', () => {
    for (const decorate of [() => RequireActor(), () => RequireActor('a', 'b'), () => RefuseDelegated()]) {
      expect(decorate).not.toThrow();
    }
  });

  it.each([[''], ['a', ''], [1 as unknown as string]])('refuse what is no name: %j', (...names) => {
    expect(() => RequireActor(...names)).toThrow('@RequireActor expects names of actors, one an argument');
  });
});
