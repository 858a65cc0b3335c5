import { expect, it } from 'vitest';
import { compareIdentifiers } from './compare-identifiers.js';

const API = 'https://api.example.com';

it.each<[string, string, readonly string[]]>([
  [API, API, []],
  [`${API}/mcp`, `${API}/mcp`, []],
  [API, `${API}/`, ['resource_slash']],
  [`${API}/`, API, ['resource_slash']],
  [`${API}/mcp`, `${API}/mcp/`, ['resource_slash']],
  [`${API}/mcp/`, `${API}/mcp`, ['resource_slash']],
  [`${API}/mcp`, `${API}/Mcp/`, ['resource_case']],
  [`${API}/mcp`, 'https://API.example.com/mcp', ['resource_case']],
  [`${API}/mcp`, `${API}:443/mcp`, ['resource_case']],
  [`${API}/mcp`, 'http://api.example.com/mcp', ['resource_scheme']],
  [`${API}/mcp`, 'http://api:3000/mcp/', ['resource_scheme', 'resource_host', 'resource_slash']],
  [`${API}/mcp`, `${API}:8443/mcp`, ['resource_host']],
  [`${API}/mcp`, `${API}/mcp2`, ['resource_path']],
  [`${API}/mcp2`, `${API}/mcp`, ['resource_path']],
  [`${API}/mcp/tools`, `${API}/mcp`, ['resource_parent']],
  [`${API}/mcp/tools`, `${API}/mcp/`, ['resource_parent']],
  [`${API}/mcp`, API, ['resource_parent']],
  [`${API}/mcp`, `${API}/?x=1`, ['resource_path']],
  [`${API}/mcp`, `${API}/mcp?x=1`, ['resource_path']],
  [`${API}/mcp`, `${API}/mcp#x`, ['resource_path']],
  [`${API}/mcp`, 'orders-api', ['resource_missing']],
  [`${API}/mcp`, 'urn:x:mcp', ['resource_scheme', 'resource_host', 'resource_path']],
])('%s against %s', (expected, given, differences) => {
  expect(compareIdentifiers(expected, given)).toEqual(differences);
});
