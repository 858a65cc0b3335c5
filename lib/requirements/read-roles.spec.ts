import { expect, it } from 'vitest';
import { readRoles } from './read-roles.js';

const rolesIn = (roles: unknown): unknown[] => [...readRoles({ iss: 'x', exp: 1, roles }, 'roles')];

it('reads the strings of a list, or one string whole', () => {
  expect(rolesIn(['a', 1, null, ['b'], { c: true }, 'd'])).toEqual(['a', 'd']);
  expect(rolesIn('Order Desk')).toEqual(['Order Desk']);
  for (const other of [undefined, null, 1, true, { a: true }]) expect(rolesIn(other)).toEqual([]);
  expect([...readRoles({ iss: 'x', exp: 1, roles: ['a'] }, undefined)]).toEqual([]);
});
