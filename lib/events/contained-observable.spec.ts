import { concatMap, filter, firstValueFrom, map, merge, of, Subject, take, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { thenable } from '../../test/support/thenable.js';
import { ContainedObservable } from './contained-observable.js';

/** What breaks nowhere is reported by rxjs a turn later: vitest fails a run with such an error. */
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function create(): { source: Subject<number>; stream: ContainedObservable<number>; broken: unknown[] } {
  const source = new Subject<number>();
  const broken: unknown[] = [];
  return { source, broken, stream: new ContainedObservable(source, (error) => broken.push(error)) };
}

const fail = (): never => {
  throw new Error('of the subscriber');
};
const failLater: () => unknown = async () => fail();
const rejecting: () => unknown = () => thenable((_: unknown, no: (error: unknown) => void) => no(1));

describe('ContainedObservable', () => {
  it('hands values, the end and errors on as any stream does', async () => {
    const { source, stream, broken } = create();
    const seen: unknown[] = [];
    stream.subscribe((value) => seen.push(value));
    stream.subscribe({ next: (value) => seen.push(value), complete: () => seen.push('end') });
    stream.subscribe(
      null,
      (error: unknown) => seen.push(error),
      () => seen.push('end too'),
    );
    stream.subscribe();
    const first = firstValueFrom(stream);
    const all = firstValueFrom(merge(stream, of(0)).pipe(toArray()));
    source.next(1);
    source.complete();
    expect(seen).toEqual([1, 1, 'end', 'end too']);
    expect(await first).toBe(1);
    expect(await all).toEqual([0, 1]);
    expect(broken).toEqual([]);
  });

  it('ends a subscription, and what hangs on it', () => {
    const { source, stream } = create();
    const seen: number[] = [];
    const plain = stream.subscribe((value) => seen.push(value));
    const piped = stream
      .pipe(
        filter((value) => value > 0),
        concatMap((value) => of(value, value)),
      )
      .subscribe((value) => seen.push(value));
    source.next(1);
    plain.unsubscribe();
    piped.unsubscribe();
    source.next(2);
    expect(seen).toEqual([1, 1, 1]);
    expect(source.observed).toBe(false);
    stream.pipe(take(1)).subscribe();
    source.next(3);
    expect(source.observed).toBe(false);
  });

  it.each<[string, (stream: ContainedObservable<number>) => unknown]>([
    ['a function', (stream) => stream.subscribe(fail)],
    ['an observer', (stream) => stream.subscribe({ next: fail })],
    ['an async function', (stream) => stream.subscribe(failLater)],
    ['an async observer', (stream) => stream.subscribe({ next: failLater })],
    ['a thenable', (stream) => stream.subscribe(rejecting)],
    ['behind an operator', (stream) => stream.pipe(map((value) => value + 1)).subscribe(fail)],
    [
      'an operator without a handler behind it',
      (stream) => stream.pipe(map(fail)).subscribe(() => undefined),
    ],
    ['an operator with nothing behind it', (stream) => stream.pipe(tap(fail)).subscribe()],
    ['an error handler', (stream) => stream.pipe(map(fail)).subscribe({ error: fail })],
    [
      'an operator behind an operator',
      (stream) =>
        stream
          .pipe(filter(() => true))
          .pipe(map(fail))
          .subscribe(),
    ],
  ])('contains %s that throws, before and behind others', async (_what, subscribe) => {
    const { source, stream, broken } = create();
    const seen: number[] = [];
    stream.subscribe((value) => seen.push(value));
    subscribe(stream);
    stream.subscribe((value) => seen.push(value));
    source.next(1);
    source.next(2);
    await later();
    expect(seen).toEqual([1, 1, 2, 2]);
    expect(broken.length).toBeGreaterThan(0);
  });

  it('contains what throws at the end', () => {
    const { source, stream, broken } = create();
    stream.subscribe({ complete: fail });
    source.complete();
    expect(broken).toHaveLength(1);
  });

  it('keeps a subscriber that has thrown', () => {
    const { source, stream, broken } = create();
    stream.subscribe(fail);
    source.next(1);
    source.next(2);
    expect(broken).toHaveLength(2);
  });
});
