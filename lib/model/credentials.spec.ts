import { describe, expect, it } from 'vitest';
import { createCredentials, isPresented } from './credentials.js';

describe('createCredentials', () => {
  const credentials = { scheme: 'DPoP', token: 't', proof: 'p', method: 'GET', url: '/' } as const;

  it('marks what code has put together', () => {
    const presented = createCredentials(credentials);
    expect(isPresented(presented)).toBe(true);
    expect(presented).toMatchObject(credentials);
    expect(isPresented({ ...presented, method: 'POST' })).toBe(true);
    expect(credentials).not.toBe(presented);
  });

  it('sets a mark that no text can carry', () => {
    const sent = JSON.parse(JSON.stringify(createCredentials(credentials))) as object;
    expect(sent).toEqual(credentials);
    const named = { ...credentials, 'Symbol(nestjs-identity-model: presented credentials)': true };
    for (const each of [sent, named, Object.create(createCredentials(credentials)), 'token', null, undefined])
      expect(isPresented(each)).toBe(false);
  });
});
