import { describe, expect, it } from 'vitest';
import { ProofNonces, type NonceRules } from './proof-nonces.js';

const RULES: NonceRules = {
  secrets: ['s'.repeat(32)],
  lifetimeMs: 60_000,
  clockToleranceMs: 10_000,
  publicUrl: 'https://api.example.com',
};
/** The beginning of a period. */
const START = 1_700_000_010_000;
const nonces = (own: Partial<NonceRules> = {}): ProofNonces => new ProofNonces({ ...RULES, ...own });

describe('ProofNonces', () => {
  it('accepts its own until its lifetime is over, wherever in its period it was given out', () => {
    expect(START % 30_000).toBe(0);
    for (const at of [START, START + 29_999]) {
      const nonce = nonces().current(at);
      expect(nonces().acceptedUntilMs(nonce, at)).toBe(START + 60_000);
      expect(nonces().acceptedUntilMs(nonce, START + 59_999)).toBe(START + 60_000);
      expect(nonces().acceptedUntilMs(nonce, START + 60_000)).toBeUndefined();
    }
  });

  it('gives out a new one for each period, and the same one on every replica', () => {
    expect(nonces().current(START)).toBe(nonces().current(START + 29_999));
    expect(nonces().current(START)).not.toBe(nonces().current(START + 30_000));
  });

  it('accepts that of a replica whose clock is ahead by the tolerance, and no later one', () => {
    const next = nonces().current(START + 30_000);
    expect(nonces().acceptedUntilMs(next, START + 20_000)).toBe(START + 90_000);
    expect(nonces().acceptedUntilMs(next, START + 19_999)).toBeUndefined();
  });

  it('is not to be guessed: another secret, URL, lifetime or text is none', () => {
    const nonce = nonces().current(START);
    const others = [
      { secrets: ['t'.repeat(32)] },
      { publicUrl: 'https://b.example' },
      { lifetimeMs: 30_000 },
    ];
    for (const own of others) expect(nonces(own).acceptedUntilMs(nonce, START)).toBeUndefined();
    for (const text of [
      '',
      nonce.slice(1),
      `${nonce}x`,
      nonce.toUpperCase(),
      nonce.replace(/.$/, ''),
      `é${nonce}`,
    ]) {
      expect(nonces().acceptedUntilMs(text, START)).toBeUndefined();
    }
  });

  it('signs with the first secret, and accepts that of each', () => {
    const [old, young] = ['o'.repeat(32), 'y'.repeat(32)];
    const before = nonces({ secrets: [old] });
    const between = nonces({ secrets: [young, old] });
    const after = nonces({ secrets: [young] });
    expect(between.acceptedUntilMs(before.current(START), START)).toBeDefined();
    expect(between.current(START)).toBe(after.current(START));
    expect(after.acceptedUntilMs(before.current(START), START)).toBeUndefined();
  });

  it('may stand in a header (RFC 9449 section 8.1)', () => {
    expect(nonces().current(START)).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]{20,60}$/);
  });

  it('makes one MAC for each secret, however long the tolerance is', () => {
    const one = nonces({
      lifetimeMs: 2_000,
      clockToleranceMs: 300_000,
      secrets: ['a'.repeat(32), 'b'.repeat(32)],
    });
    const made = (): number => (Reflect.get(one, 'known') as Map<string, unknown>).size;
    for (const text of ['', 'x', '.', '-1.x', '1e9.x', `${(START / 1_000 + 400).toString(36)}.x`]) {
      expect(one.acceptedUntilMs(text, START)).toBeUndefined();
      expect(made()).toBe(0);
    }
    expect(one.acceptedUntilMs(`${(START / 1_000 + 200).toString(36)}.x`, START)).toBeUndefined();
    expect(made()).toBe(2);
  });

  it('remembers a handful, however long it lives', () => {
    const one = nonces();
    for (let slot = 0; slot < 5_000; slot++) one.acceptedUntilMs('x', START + slot * 30_000);
    expect((Reflect.get(one, 'known') as Map<string, unknown>).size).toBeLessThan(200);
  });
});
