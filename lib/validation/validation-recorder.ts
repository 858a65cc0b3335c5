import type { ErrorCode } from '../errors/error-codes.js';

/** The result of a validation that every check let pass; any other is an error code. */
export const OK = 'ok';
export type ValidationResult = typeof OK | ErrorCode;

/** Who measures validations. Called once for each, so it must cost next to nothing. */
export interface ValidationRecorder {
  /**
   * @param issuer - a configured or accepted one; undefined where the token named none.
   * @param verified - whether the signature was verified: if not, the result describes bytes that anybody can send.
   * @param startMs - when it began, on the monotonic clock.
   */
  recordValidation(
    issuer: string | undefined,
    result: ValidationResult,
    verified: boolean,
    startMs: number,
  ): void;

  /** Call the answer with the number of tokens once the batch has ended. */
  startBatch(): (tokens: number) => void;
}

/** Injection token of the {@link ValidationRecorder}. */
export const VALIDATION_RECORDER = Symbol('nestjs-identity-model: validation recorder');
