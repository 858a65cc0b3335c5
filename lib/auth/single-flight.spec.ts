import { describe, expect, it } from 'vitest';
import type { Credentials } from '../model/credentials.js';
import type { ValidatedToken } from '../model/token.js';
import { Flight, SingleFlight } from './single-flight.js';

const VALIDATED: ValidatedToken = {
  claims: { exp: 1 } as never,
  header: { alg: 'RS256' },
  issuer: 'i',
  token: 't',
};

const bearer = (token: string): Credentials => ({ scheme: 'Bearer', token });

/** Validations that end when the test says so, and how many began. */
function validations(): {
  begin: () => Promise<ValidatedToken>;
  begun: { resolve: (validated: ValidatedToken) => void; reject: (error: unknown) => void }[];
} {
  const begun: ReturnType<typeof validations>['begun'] = [];
  const begin = (): Promise<ValidatedToken> =>
    new Promise((resolve, reject) => {
      begun.push({ resolve, reject });
    });
  return { begin, begun };
}

describe('one validation for all who ask at the same time', () => {
  it('is shared by one token of one request, and by nothing else', async () => {
    const single = new SingleFlight();
    const { begin, begun } = validations();
    const [one, other] = [{}, {}];
    const first = single.join(one, bearer('a'), false, begin);
    expect(single.join(one, bearer('a'), false, begin)).toBe(first);
    expect(begun).toHaveLength(1);
    const rest = [single.join(one, bearer('b'), false, begin), single.join(other, bearer('a'), false, begin)];
    expect(begun).toHaveLength(3);
    expect(new Set([first, ...rest]).size).toBe(3);
    // The flights of the tokens that came before are still there.
    expect(single.join(one, bearer('a'), false, begin)).toBe(first);
    begun[0]?.resolve(VALIDATED);
    expect(await first.validated).toBe(VALIDATED);
  });

  it('is not shared by a token under another scheme, or with another proof', () => {
    const single = new SingleFlight();
    const { begin, begun } = validations();
    const holder = {};
    const bound: Credentials = { scheme: 'DPoP', token: 'a', proof: 'p' };
    const all = [bearer('a'), bound, { ...bound, proof: 'q' }, { ...bound, proof: ['p', 'q'] }];
    const flights = all.map((each) => single.join(holder, each, false, begin));
    expect(new Set(flights).size).toBe(4);
    expect(single.join(holder, { ...bound }, false, begin)).toBe(flights[1]);
    expect(begun).toHaveLength(4);
  });

  it('serves those who come later, too, if the holder lives as long as the request', async () => {
    const single = new SingleFlight();
    const holder = {};
    const { begin, begun } = validations();
    const flight = single.join(holder, bearer('a'), false, begin);
    begun[0]?.resolve(VALIDATED);
    await flight.validated;
    await new Promise((resolve) => setImmediate(resolve));
    expect(single.join(holder, bearer('a'), false, begin)).toBe(flight);
  });

  it('is not for another certificate', () => {
    const single = new SingleFlight();
    const holder = {};
    const { begin } = validations();
    const join = (thumbprint: string): Flight =>
      single.join(holder, { ...bearer('a'), certificate: { thumbprint } }, false, begin);
    const flight = join('one');
    expect(join('one')).toBe(flight);
    expect(join('another')).not.toBe(flight);
    expect(single.join(holder, bearer('a'), false, begin)).not.toBe(flight);
  });

  it.each(['resolve', 'reject'] as const)(
    'is forgotten when it ended with %s, if the holder outlives the request',
    async (end) => {
      const single = new SingleFlight();
      const holder = {};
      const { begin, begun } = validations();
      const flight = single.join(holder, bearer('a'), true, begin);
      const another = single.join(holder, bearer('b'), true, begin);
      expect(single.join(holder, bearer('a'), true, begin)).toBe(flight);
      begun[0]?.[end](VALIDATED);
      await Promise.allSettled([flight.validated]);
      expect(single.join(holder, bearer('a'), true, begin)).not.toBe(flight);
      expect(single.join(holder, bearer('b'), true, begin)).toBe(another);
    },
  );
});

describe('the user of all fields of an operation', () => {
  it('is asked for once, also if it is a failure', async () => {
    const flight = new Flight(Promise.resolve(VALIDATED));
    let asked = 0;
    const map = async (): Promise<unknown> => {
      asked++;
      throw new Error('database');
    };
    const [first, second] = [flight.userOnce(map), flight.userOnce(map)];
    expect(second).toBe(first);
    await expect(first).rejects.toThrow('database');
    expect(asked).toBe(1);
  });
});
