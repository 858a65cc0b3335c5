import { Logger } from '@nestjs/common';
import { describeError } from '../errors/identity-error.js';
import { SeldomLog } from '../events/seldom-log.js';
import type { RequestRecord } from '../http/request-recorder.js';
import { clipped } from '../model/printable.js';
import type { ValidationResult } from './validation-recorder.js';

/** One validation, for observers. */
export interface ValidationRecord {
  readonly issuer: string | undefined;
  readonly result: ValidationResult;
  readonly verified: boolean;
  readonly durationMs: number;
}

/** Is called with each validation and each request after its end. */
export interface MetricsObserver {
  readonly validation?: (record: ValidationRecord) => void;
  readonly request?: (record: RequestRecord) => void;
}

/**
 * Calls observers, and contains what they throw: an observer must not reject a token. A failing observer stays, since the
 * reason may pass; the log gets one line a minute at the most, because tokens decide how often it fails.
 */
export class MetricsObservers {
  private readonly observers = new Set<MetricsObserver>();
  private readonly failed = new SeldomLog((line) => new Logger('IdentityModule').error(line));

  /** Whether records have to be made at all. */
  get isEmpty(): boolean {
    return this.observers.size === 0;
  }

  /** Returns the function that removes the observer. */
  add(observer: MetricsObserver): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  validation(record: ValidationRecord): void {
    this.each((observer) => observer.validation?.(record));
  }

  request(record: RequestRecord): void {
    this.each((observer) => observer.request?.(record));
  }

  private each(call: (observer: MetricsObserver) => void): void {
    for (const observer of this.observers) {
      try {
        call(observer);
      } catch (error) {
        this.failed.add(() => `an observer of metrics failed: ${clipped(describeError(error), 500)}`);
      }
    }
  }
}
