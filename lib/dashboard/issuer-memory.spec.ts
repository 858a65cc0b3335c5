import { describe, expect, it } from 'vitest';
import { IssuerMemory } from './issuer-memory.js';

describe('IssuerMemory', () => {
  it('keeps what is configured, and the last tenants only', () => {
    const memory = new IssuerMemory<{ at: number }>((issuer) => issuer === 'ours', 2);
    memory.set('ours', { at: 0 });
    for (let tenant = 1; tenant <= 100; tenant++) memory.set(`t${String(tenant)}`, { at: tenant });
    expect(memory.get('ours')).toEqual({ at: 0 });
    expect([97, 98, 99, 100].map((tenant) => memory.get(`t${String(tenant)}`)?.at)).toEqual([
      undefined,
      undefined,
      99,
      100,
    ]);
  });

  it('forgets one, whichever kind it is of', () => {
    const memory = new IssuerMemory<object>((issuer) => issuer === 'ours', 2);
    for (const issuer of ['ours', 'tenant']) {
      memory.set(issuer, {});
      memory.delete(issuer);
      expect(memory.get(issuer)).toBeUndefined();
    }
  });
});
