import { Inject, Injectable } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import type { IdentityEvent } from '../events/identity-event.js';
import { reasonOf } from '../events/reason.js';
import type { ValidatedToken } from '../model/token.js';
import { OK, VALIDATION_RECORDER, type ValidationRecorder } from '../metrics/validation-recorder.js';
import type { ValidationRun } from './validation-run.js';

/** Tells metrics and events how validations end, and counts them. Each validation is told of once. */
@Injectable()
export class ValidationReports {
  validated = 0;
  rejected = 0;

  constructor(
    @Inject(VALIDATION_RECORDER) private readonly recorder: ValidationRecorder,
    @Inject(EventReporter) private readonly reporter: EventReporter,
  ) {}

  /** A validation begins. @returns when, for the report of its end. */
  start(): number {
    return this.recorder.startValidation();
  }

  startBatch(): (tokens: number) => void {
    return this.recorder.startBatch();
  }

  /** @returns the token, for a caller that hands it on. */
  accept(validated: ValidatedToken, startMs: number): ValidatedToken {
    const { issuer } = validated;
    this.validated++;
    this.recorder.recordValidation(issuer, OK, true, startMs);
    if (this.reporter.isObserved) this.tell({ type: 'token.validated', issuer });
    return validated;
  }

  /** @returns the error, for a caller that throws it. */
  reject(error: unknown, { issuer, verified }: ValidationRun, startMs: number): unknown {
    this.rejected++;
    const code = error instanceof IdentityError ? error.code : 'check_refused';
    const name = issuer?.options.issuer;
    this.recorder.recordValidation(name, code, verified, startMs);
    if (this.reporter.isObserved) {
      const reason = reasonOf(error);
      this.tell({ type: 'token.rejected', code, reason, issuer: name, verified });
    }
    return error;
  }

  /** Only for a stream with subscribers: a validation makes no objects for nobody. */
  private tell(event: IdentityEvent): void {
    this.reporter.reportIfObserved(() => event);
  }
}
