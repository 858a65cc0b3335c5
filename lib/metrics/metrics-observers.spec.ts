import { Logger } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import { MetricsObservers, type ValidationRecord } from './metrics-observers.js';

it('keeps an observer that throws, serves those after it, and logs it once a minute', () => {
  const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const observers = new MetricsObservers();
  let calls = 0;
  const seen: ValidationRecord[] = [];
  observers.add({
    validation: () => {
      calls++;
      throw new Error('a broken exporter');
    },
  });
  observers.add({ validation: (record) => seen.push(record) });
  const record: ValidationRecord = { issuer: undefined, result: 'ok', verified: true, durationMs: 1 };
  for (let times = 0; times < 3; times++) observers.validation(record);
  expect(calls).toBe(3);
  expect(seen).toEqual([record, record, record]);
  expect(error.mock.calls).toEqual([['an observer of metrics failed: a broken exporter']]);
});

it('calls an observer no more once it is removed', () => {
  const observers = new MetricsObservers();
  const request = vi.fn();
  const remove = observers.add({ request });
  observers.request({ endpoint: 'jwks', url: 'https://id', outcome: 'ok', status: 200, durationMs: 1 });
  remove();
  expect(observers.isEmpty).toBe(true);
  observers.request({ endpoint: 'jwks', url: 'https://id', outcome: 'ok', status: 200, durationMs: 1 });
  expect(request).toHaveBeenCalledTimes(1);
});
