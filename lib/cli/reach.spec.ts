import { expect, it } from 'vitest';
import { isReachableFor, reachOf, reachOfName, type Reach } from './reach.js';

it.each<[string, Reach]>([
  ['http://127.0.0.1:3000', 'machine'],
  ['http://localhost', 'machine'],
  ['http://[::1]', 'machine'],
  ['http://keycloak:8080/realms/x', 'network'],
  ['https://id.corp', 'network'],
  ['https://keycloak.auth.svc', 'network'],
  ['https://keycloak.auth.svc.cluster.local', 'network'],
  ['https://10.0.0.5', 'network'],
  ['https://[fd00::1]', 'network'],
  ['https://169.254.169.254', 'network'],
  ['https://203.0.114.5', 'everywhere'],
  ['https://[2a00:1450::1]', 'everywhere'],
  ['https://id.example.com', 'everywhere'],
  ['https://local.example.com', 'everywhere'],
])('%s is for %s', (url, reach) => {
  expect(reachOfName(new URL(url))).toBe(reach);
  // Behind a proxy nothing is known of its addresses.
  expect(reachOf(new URL(url), [])).toBe(reach);
});

it.each<[string, readonly string[], Reach]>([
  ['https://api.example.com', ['127.0.0.1', '::1'], 'machine'],
  ['https://api.example.com', ['10.0.0.5'], 'network'],
  ['https://api.example.com', ['127.0.0.1', '10.0.0.5'], 'network'],
  ['https://api.example.com', ['203.0.114.5'], 'everywhere'],
  // Who names both opens no network.
  ['https://api.example.com', ['127.0.0.1', '203.0.114.5'], 'everywhere'],
  ['https://api.example.com', ['10.0.0.5', '2a00:1450::1'], 'everywhere'],
  // A name that is internal stays so.
  ['https://api.corp', ['203.0.114.5'], 'network'],
  ['http://localhost', ['127.0.0.1'], 'machine'],
])('%s at %j is for %s', (url, addresses, reach) => {
  expect(reachOf(new URL(url), addresses)).toBe(reach);
});

it('servers are at least as far within reach as what they are for', () => {
  const order: readonly Reach[] = ['machine', 'network', 'everywhere'];
  for (const [from, api] of order.entries()) {
    for (const [to, server] of order.entries()) expect(isReachableFor(api, server)).toBe(to >= from);
  }
});
