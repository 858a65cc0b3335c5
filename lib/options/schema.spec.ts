import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ISSUER_OPTIONS } from './issuer-options.js';
import { boolean, duration, nested, optionalGroup, text } from './kinds.js';
import { MODULE_OPTIONS } from './module-options.js';
import { resolveOptions } from './resolve-options.js';
import { defaultsOf, readGroup, type Group, type Option, type Rows } from './schema.js';

type Row = Option<unknown, unknown>;

/** Each row of each table, by its path. */
function allRows(rows: Rows, path = ''): [string, Row][] {
  return Object.entries(rows).flatMap(([name, row]): [string, Row][] => [
    [path + name, row],
    ...allRows(row.rows ?? {}, `${path}${name}.`),
  ]);
}

const ROWS = [...allRows(MODULE_OPTIONS), ...allRows({ jwks: ISSUER_OPTIONS.jwks }, 'issuers[].')];
const NUMBERS = ROWS.filter(([, row]) => typeof row.default === 'number');

describe('each row of the tables', () => {
  it('is looked at', () => {
    expect(ROWS.length).toBeGreaterThan(60);
    expect(NUMBERS.length).toBeGreaterThan(20);
  });

  it.each(ROWS)('%s leaves what is inherited if it is undefined', (_path, row) => {
    const inherited = { of: 'the group above' };
    expect(row.read(undefined, inherited)).toEqual({ value: inherited, issues: [] });
    expect(row.read(undefined, inherited).value).toBe(inherited);
  });

  it.each(ROWS)('%s has a default that nobody can change', (_path, row) => {
    expect(Object.isFrozen(row.default)).toBe(true);
  });

  it.each(NUMBERS)('%s refuses what is no finite number, and keeps what is inherited', (_path, row) => {
    for (const given of [Number.NaN, Infinity, -Infinity, '1', null, 1n]) {
      const { value, issues } = row.read(given, 7);
      expect(value).toBe(7);
      expect(issues).toEqual([{ message: expect.stringMatching(/^expected a (whole )?number/) as string }]);
    }
  });

  it.each(NUMBERS)('%s accepts its default', (_path, row) => {
    expect(row.read(row.default, undefined)).toEqual({ value: row.default, issues: [] });
  });

  it.each(ROWS)('%s gives a value or says what is wrong, whatever it is given', (_path, row) => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (given) => {
        const { issues } = row.read(given, row.default);
        for (const { message } of issues) expect(message).not.toBe('');
      }),
      { numRuns: 50 },
    );
  });
});

describe('a group', () => {
  const rows = { waitMs: duration(5), name: text('n'), strict: boolean(false) };
  const longer = { path: 'waitMs', message: 'expected at least 3' };
  const group: Group<{ waitMs: number; name: string; strict: boolean }> = {
    rows,
    hints: { wait: 'write "waitMs"' },
    rules: [({ waitMs }, isGiven) => (isGiven('waitMs') && waitMs < 3 ? [longer] : [])],
  };
  const inherited = defaultsOf<{ waitMs: number; name: string; strict: boolean }>(rows);

  it('inherits each option by itself', () => {
    const above = { waitMs: 9, name: 'above', strict: true };
    expect(readGroup(group, { name: 'own', strict: undefined }, above)).toEqual({
      value: { waitMs: 9, name: 'own', strict: true },
      issues: [],
    });
  });

  it('reports unknown names, then what is malformed, then what contradicts', () => {
    const { value, issues } = readGroup(group, { waitMs: 1, name: 7, nmae: 'x', wait: 1 }, inherited);
    expect(value).toEqual({ waitMs: 1, name: 'n', strict: false });
    expect(issues).toEqual([
      { path: 'nmae', message: 'unknown option; did you mean "name"?' },
      { path: 'wait', message: 'write "waitMs"' },
      { path: 'name', message: 'expected a non-empty string, got 7' },
      longer,
    ]);
  });

  it('names issues from the group above', () => {
    const above = readGroup(
      { rows: { inner: nested()(group) } },
      { inner: { '': 1, waitMs: 'x' } },
      { inner: inherited },
    );
    expect(above.issues.map(({ path }) => path)).toEqual(['inner.', 'inner.waitMs']);
    const wrong = readGroup({ rows: { inner: nested()(group) } }, { inner: 5 }, { inner: inherited });
    expect(wrong.issues).toEqual([{ path: 'inner', message: 'expected an object, got 5' }]);
  });

  it('that switches something on is undefined without an object', () => {
    const row = optionalGroup()(group);
    expect(row.default).toBeUndefined();
    expect(row.read({}, undefined)).toEqual({ value: inherited, issues: [] });
  });
});

it('all issuers have their options in one order, so that they share a hidden class', () => {
  const jwks = { keys: [{ kty: 'EC' }] };
  const validate = (): boolean => true;
  const [first, ...others] = [
    ...resolveOptions({ issuer: 'https://a.test', audience: 'x' }, {}).issuers,
    ...resolveOptions(
      {
        audience: 'x',
        issuers: [
          { jwks, issuer: 'https://b.test' },
          { validate, issuer: 'https://c.test' },
        ],
      },
      {},
    ).issuers,
    resolveOptions(
      { audience: 'x', issuers: () => undefined, allowedIssuers: ['https://d.test'] },
      {},
    ).tenants?.resolve({ issuer: 'https://d.test' }, 'https://d.test'),
  ];
  expect(others).toHaveLength(3);
  for (const other of others) expect(Object.keys(other ?? {})).toEqual(Object.keys(first ?? {}));
});
