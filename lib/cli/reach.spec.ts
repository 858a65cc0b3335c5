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
])('%s is for %s', async (url, reach) => {
  expect(reachOfName(new URL(url))).toBe(reach);
  // Addresses and internal names are not looked up, and names that nobody knows stay what they are.
  expect(await reachOf(new URL(url), 1_000)).toBe(reach);
});

it('servers are at least as far within reach as what they are for', () => {
  const order: readonly Reach[] = ['machine', 'network', 'everywhere'];
  for (const [from, api] of order.entries()) {
    for (const [to, server] of order.entries()) expect(isReachableFor(api, server)).toBe(to >= from);
  }
});
