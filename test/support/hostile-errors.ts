/** What code of an application, or of a library below it, may throw: reading it throws again. */
export const HOSTILE_ERRORS: readonly (readonly [name: string, make: () => unknown])[] = [
  [
    'an error whose message throws',
    () =>
      Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw new Error('message');
        },
      }),
  ],
  [
    'a proxy whose prototype throws',
    () =>
      new Proxy(
        {},
        {
          getPrototypeOf() {
            throw new Error('prototype');
          },
        },
      ),
  ],
  [
    'an error all of whose members throw',
    () =>
      new Proxy(new Error('x'), {
        get() {
          throw new Error('member');
        },
      }),
  ],
  ['an error whose message is an object', () => Object.assign(new Error('x'), { message: {} })],
  ['an error whose name is an object', () => Object.assign(new Error(''), { name: {} })],
  ['an error without a class', () => Object.assign(new Error('x'), { constructor: undefined })],
  [
    'an error whose cause throws',
    () =>
      Object.defineProperty(new Error('x'), 'cause', {
        get() {
          throw new Error('cause');
        },
      }),
  ],
];
