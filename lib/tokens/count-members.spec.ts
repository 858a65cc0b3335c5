import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countMembers } from './count-members.js';

const jsonObject = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 }));

describe('countMembers', () => {
  it.each([
    ['{}', 0],
    ['{"a":1}', 1],
    [' { "a" : 1 , "b" : 2 } ', 2],
    ['{"a":{"b":1,"c":{"d":2}}}', 1],
    ['{"a":[{"b":1},{"c":2}],"d":3}', 2],
    ['{"a:b":"c:d"}', 1],
    [String.raw`{"a\"":":","b\\":":"}`, 2],
    [String.raw`{"\\\"":"\\","":"{[:"}`, 2],
    ['{"a":1,"a":2}', 2],
    [String.raw`{"is\u0073":1,"iss":2}`, 2],
    ['{"__proto__":1,"__proto__":2}', 2],
    // Cut short, which JSON.parse would not take: it ends all the same.
    ['{"a', 0],
    [String.raw`{"a":1,"b\"`, 1],
  ])('counts the outermost members of %s', (text, members) => {
    expect(countMembers(text)).toBe(members);
  });

  it('equals what JSON.parse finds, where no name is repeated, compact and indented', () => {
    fc.assert(
      fc.property(jsonObject, fc.constantFrom('', ' ', '\n\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(countMembers(text)).toBe(Object.keys(JSON.parse(text) as object).length);
      }),
    );
  });

  it('counts each repetition of a name', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.jsonValue())), (members) => {
        const twice = [...members, ...members].map(
          ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
        );
        expect(countMembers(`{${twice.join(',')}}`)).toBe(members.length * 2);
      }),
    );
  });
});
