import { describe, expect, it } from 'vitest';
import { wellKnownUrls } from './well-known.js';

const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

describe('wellKnownUrls', () => {
  it.each([
    ['https://id.example.com', 'https://id.example.com', ''],
    ['https://id.example.com/', 'https://id.example.com', ''],
    ['https://id.example.com//', 'https://id.example.com', ''],
    ['https://id.example.com:8443', 'https://id.example.com:8443', ''],
    ['https://id.example.com:443/', 'https://id.example.com', ''],
    ['https://id.example.com/realms/acme', 'https://id.example.com', '/realms/acme'],
    ['https://id.example.com/realms/acme/', 'https://id.example.com', '/realms/acme'],
    ['https://id.example.com/realms/acme//', 'https://id.example.com', '/realms/acme'],
    ['https://id.example.com:8443/a//b/', 'https://id.example.com:8443', '/a//b'],
    ['https://id.example.com/Größe', 'https://id.example.com', '/Gr%C3%B6%C3%9Fe'],
    ['http://[::1]:3000/x', 'http://[::1]:3000', '/x'],
  ])('of %s append the one path and insert the other', (issuer, origin, path) => {
    expect(wellKnownUrls(issuer)).toEqual([`${origin}${path}${OPENID}`, `${origin}${OAUTH}${path}`]);
  });
});
