import { describe, expect, it } from 'vitest';
import { WaitingRoom, type Party } from './waiting-room.js';

/** Who waits in the room, and how to come in. */
function open(max: number): {
  come: (name: string, group?: string, party?: Party) => boolean;
  inside: Set<string>;
} {
  const room = new WaitingRoom(max);
  const inside = new Set<string>();
  const come = (name: string, group = name, party?: Party): boolean => {
    const leave = room.enter({
      group,
      party,
      sendAway: () => {
        inside.delete(name);
        leave?.();
      },
    });
    if (leave !== undefined) inside.add(name);
    return leave !== undefined;
  };
  return { come, inside };
}

describe('a full waiting room', () => {
  it('never holds more than it may', () => {
    const { come, inside } = open(40);
    for (let index = 0; index < 1_000; index++) {
      come(String(index), `group ${String((index * 7) % 60)}`);
      expect(inside.size).toBeLessThanOrEqual(40);
    }
    expect(inside.size).toBe(40);
  });

  it('of many groups sends away the longest idle one', () => {
    const { come, inside } = open(32);
    for (let index = 0; index < 33; index++) come(String(index));
    expect([inside.has('0'), inside.has('1'), inside.has('32')]).toEqual([false, true, true]);
  });

  it('of many groups keeps the one that many wait for, though it is idle', () => {
    const { come, inside } = open(100);
    for (let index = 0; index < 20; index++) come(`honest ${String(index)}`, 'new key');
    for (let index = 0; index < 500; index++) {
      come(`pair ${String(index)} a`, `pair ${String(index)}`);
      come(`pair ${String(index)} b`, `pair ${String(index)}`);
    }
    expect([...inside].filter((name) => name.startsWith('honest'))).toHaveLength(20);
  });

  it('of many groups looks at no more than the longest idle ones for the smallest', () => {
    // A room of 32 looks at two groups.
    const { come, inside } = open(32);
    for (let index = 0; index < 12; index++) come(`a ${String(index)}`, 'a');
    for (let index = 0; index < 11; index++) come(`b ${String(index)}`, 'b');
    for (let index = 0; index < 9; index++) come(`c ${String(index)}`, 'c');
    expect(come('d', 'd')).toBe(true);
    expect([inside.has('a 0'), inside.has('b 0'), inside.has('c 0')]).toEqual([true, false, true]);
  });

  it("of many groups never takes the place of the newcomer's own", () => {
    const { come, inside } = open(32);
    for (let index = 0; index < 4; index++) come(`a ${String(index)}`, 'a');
    for (let index = 0; index < 16; index++) come(`b ${String(index)}`, 'b');
    for (let index = 0; index < 12; index++) come(`c ${String(index)}`, 'c');
    expect(come('a 4', 'a')).toBe(true);
    expect([inside.has('a 0'), inside.has('b 0'), inside.has('c 0')]).toEqual([true, true, false]);
  });

  it.each([
    [32, 3, 'idle'],
    [32, 2, 'large'],
    [80, 5, 'large'],
    [80, 6, 'idle'],
    [1_600, 8, 'large'],
    [1_600, 9, 'idle'],
  ])('with %i places and %i groups sends the oldest of the %s one away', (max, groups, sentAway) => {
    const { come, inside } = open(max);
    come('idle 0', 'idle');
    for (let index = 0; index < groups - 2; index++) come(`other ${String(index)}`);
    for (let index = 0; index < max - groups + 1; index++) come(`large ${String(index)}`, 'large');
    expect(come('newcomer')).toBe(true);
    expect(['idle', 'large'].filter((group) => !inside.has(`${group} 0`))).toEqual([sentAway]);
  });

  it('does not count the groups that have left', () => {
    const room = new WaitingRoom(32);
    for (let index = 0; index < 20; index++) {
      room.enter({ group: `left ${String(index)}`, sendAway: () => undefined })?.();
    }
    const sentAway: string[] = [];
    for (let index = 0; index < 32; index++) {
      const group = index < 12 ? 'small' : 'large';
      const leave = room.enter({
        group,
        sendAway: () => {
          sentAway.push(group);
          leave?.();
        },
      });
    }
    expect(room.enter({ group: 'newcomer', sendAway: () => undefined })).toBeDefined();
    expect(sentAway).toEqual(['large']);
  });

  it('turns a newcomer away if the one who has to go does not leave', () => {
    const room = new WaitingRoom(1);
    const asked: string[] = [];
    room.enter({ group: 'a', sendAway: () => asked.push('a') });
    expect(room.enter({ group: 'b', sendAway: () => undefined })).toBeUndefined();
    expect(asked).toEqual(['a']);
  });

  it('of few groups shares the places evenly', () => {
    const { come, inside } = open(100);
    for (let index = 0; index < 200; index++) come(`a ${String(index)}`, 'a');
    for (let index = 0; index < 200; index++) come(`b ${String(index)}`, 'b');
    expect([...inside].filter((name) => name.startsWith('a'))).toHaveLength(50);
    expect(come('a', 'a')).toBe(false);
    expect(come('c', 'c')).toBe(true);
  });

  it('turns a newcomer away where only its own group has places', () => {
    const { come } = open(1);
    expect([come('first', 'a'), come('second', 'a'), come('third', 'b'), come('fourth', 'b')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('a party', () => {
  it('takes one place for each group, and loses it as one', () => {
    const { come, inside } = open(1);
    const party: Party = new Map();
    for (let index = 0; index < 50; index++) expect(come(`guest ${String(index)}`, 'a', party)).toBe(true);
    expect([inside.size, come('other', 'b')]).toEqual([50, true]);
    expect([...inside]).toEqual(['other']);
    expect(party.size).toBe(0);
  });

  it('keeps its place until the last of it has left, however often the others say that they leave', () => {
    const room = new WaitingRoom(1);
    const party: Party = new Map();
    const enter = (of?: Party): (() => void) | undefined =>
      room.enter({ group: 'a', sendAway: () => undefined, party: of });
    const [first, second] = [enter(party), enter(party)];
    first?.();
    first?.();
    expect([enter(), party.size]).toEqual([undefined, 1]);
    second?.();
    expect(party.size).toBe(0);
    expect(enter()).toBeDefined();
  });
});
