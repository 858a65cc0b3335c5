import { describe, expect, it } from 'vitest';
import { Ring } from './ring.js';

describe('Ring', () => {
  it('holds the newest, oldest first', () => {
    const ring = new Ring<number>(3);
    expect(ring.items()).toEqual([]);
    for (let item = 1; item <= 5; item++) ring.push(item);
    expect(ring.items()).toEqual([3, 4, 5]);
  });

  it('hands out a copy', () => {
    const ring = new Ring<number>(3);
    ring.push(1);
    const items = ring.items();
    ring.push(2);
    expect(items).toEqual([1]);
  });
});
