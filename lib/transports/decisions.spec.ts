import { describe, expect, it } from 'vitest';
import type { ValidatedToken } from '../model/token.js';
import {
  latestDecision,
  recordDecision,
  decisionFor,
  decisionInCall,
  hasDecided,
  sharedDecision,
  type Decision,
} from './decisions.js';

const [guardA, guardB, handler, other, controller, call, by] = Array.from({ length: 7 }, () => ({}));
const token = (text: string): ValidatedToken => ({ token: text }) as ValidatedToken;

const decision = (of: Partial<Decision> = {}): Decision => ({
  kind: 'validated',
  guard: guardA!,
  handler: handler!,
  controller: controller!,
  call: call!,
  by: by!,
  resource: undefined,
  validated: of.kind === undefined || of.kind === 'validated' ? token('t1') : undefined,
  certificate: undefined,
  scheme: of.kind === undefined || of.kind === 'validated' ? 'Bearer' : undefined,
  user: undefined,
  isOwn: true,
  leavesUser: true,
  earlier: undefined,
  ...of,
});

const holderOf = (...decisions: readonly Decision[]): object => {
  const holder = {};
  for (const each of decisions) recordDecision(holder, each);
  return holder;
};

const length = (holder: object): number => {
  let count = 0;
  for (let at = latestDecision(holder); at !== undefined; at = at.earlier) count++;
  return count;
};

describe('decisions on a holder', () => {
  it('are kept beside each other, and replaced by the same guard about the same handler', () => {
    const holder = holderOf(
      decision(),
      decision({ guard: guardB! }),
      decision({ handler: other! }),
      decision({ controller: {} }),
    );
    expect(length(holder)).toBe(4);
    for (let times = 0; times < 100; times++) {
      recordDecision(holder, decision({ kind: 'denied' }));
      recordDecision(holder, decision({ guard: guardB! }));
    }
    expect(length(holder)).toBe(4);
    expect(decisionFor(holder, handler!, controller!)?.guard).toBe(guardB);
    recordDecision(holder, decision({ guard: guardB!, kind: 'denied' }));
    expect(decisionFor(holder, handler!, controller!)?.kind).toBe('denied');
  });

  it('serve a second pass of the same call, module and token, and no other', () => {
    const holder = holderOf(decision(), decision({ kind: 'denied', guard: guardB! }));
    const ask = (of: object): unknown =>
      decisionInCall(holder, { call: call!, by: by!, scheme: 'Bearer', token: 't1', ...of })?.validated
        ?.token;
    expect(ask({})).toBe('t1');
    for (const of of [
      { call: {} },
      { by: {} },
      { token: 't2' },
      { scheme: 'DPoP' },
      { certificate: { thumbprint: 'a' } },
    ] as const) {
      expect(ask(of)).toBeUndefined();
    }
    const ofCertificate = holderOf(decision({ certificate: { thumbprint: 'a' } }));
    const found = ['a', 'b'].map((thumbprint) => {
      const certificate = { thumbprint };
      return decisionInCall(ofCertificate, {
        call: call!,
        by: by!,
        scheme: 'Bearer',
        token: 't1',
        certificate,
      });
    });
    expect(found.map((each) => each?.validated?.token)).toEqual(['t1', undefined]);
    expect([hasDecided(holder, call!), hasDecided(holder, {}), hasDecided({}, call!)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(hasDecided(holderOf(decision({ kind: 'denied' })), call!)).toBe(false);
    // What outlives its call is never taken over.
    expect(
      decisionInCall(holderOf(decision({ call: undefined })), {
        call: call!,
        by: by!,
        scheme: 'Bearer',
        token: 't1',
      }),
    ).toBeUndefined();
  });

  const own = decision({ validated: token('own') });
  const elsewhere = decision({ guard: guardB!, isOwn: false, validated: token('elsewhere') });
  const substituted = decision({ guard: {}, kind: 'substituted' });
  const denied = decision({ guard: {}, kind: 'denied' });

  it.each<[string, readonly Decision[], string | undefined]>([
    ['its own token before one from elsewhere', [own, elsewhere], 'own'],
    ['in either order', [elsewhere, own], 'own'],
    ['one from elsewhere before none', [elsewhere, substituted, denied], 'elsewhere'],
    ['the last of two of its own', [own, decision({ guard: guardB!, validated: token('later') })], 'later'],
    ['none before a denial', [denied, substituted], undefined],
    ['none of another handler', [decision({ handler: other! })], undefined],
    ['none of another class', [decision({ controller: {} })], undefined],
  ])('tell the decorators of a handler %s', (_name, decisions, expected) => {
    const holder = holderOf(...decisions.map((each) => ({ ...each, earlier: undefined })));
    expect(decisionFor(holder, handler!, controller!)?.validated?.token).toBe(expected);
  });

  it('tell the decorators of a handler of a call without a token before a denial, and of a denial at least', () => {
    const fresh = (...all: readonly Decision[]): object =>
      holderOf(...all.map((each) => ({ ...each, earlier: undefined })));
    const kindOf = (holder: object): string | undefined => decisionFor(holder, handler!, controller!)?.kind;
    expect([kindOf(fresh(substituted, denied)), kindOf(fresh(denied, substituted))]).toEqual([
      'substituted',
      'substituted',
    ]);
    expect(kindOf(fresh(denied))).toBe('denied');
    expect(decisionFor({}, handler!, controller!)).toBeUndefined();
  });

  it.each<[string, readonly Decision[], unknown]>([
    ['nothing without a decision', [], undefined],
    ['nothing after a denial', [denied], undefined],
    ['nothing where all are public', [decision({ kind: 'public' })], 'public'],
    ['the token of one', [decision({ kind: 'public', guard: guardB! }), own], 'own'],
    ['the token of one, whatever came later', [own, decision({ kind: 'public', guard: guardB! })], 'own'],
    ['the token on which all agree', [own, decision({ handler: other!, validated: token('own') })], 'own'],
    ['nothing where they differ', [own, decision({ handler: other!, validated: token('two') })], 'ambiguous'],
  ])('tell handlers that have no guard %s', (_name, decisions, expected) => {
    const found = sharedDecision(holderOf(...decisions.map((each) => ({ ...each, earlier: undefined }))));
    expect(typeof found === 'object' ? (found.validated?.token ?? found.kind) : found).toBe(expected);
  });
});
