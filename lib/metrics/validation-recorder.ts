import type { ErrorCode } from '../errors/error-codes.js';

/** The result of a validation that every step let pass; any other is an error code. */
export const OK = 'ok';
export type ValidationResult = typeof OK | ErrorCode;

/** Measures validations. It is called for each, so it must cost next to nothing. */
export interface ValidationRecorder {
  /** A validation begins. @returns what `recordValidation` is to be given as `startMs`. */
  startValidation(): number;

  /**
   * A validation has ended.
   *
   * @param issuer - a configured issuer or a tenant; undefined if the token names neither.
   * @param verified - whether the signature was verified: if not, the result describes bytes that anybody can send.
   * @param startMs - what `startValidation` has returned.
   */
  recordValidation(
    issuer: string | undefined,
    result: ValidationResult,
    verified: boolean,
    startMs: number,
  ): void;

  /** A batch begins. @returns a function to call with the number of its tokens when it has ended. */
  startBatch(): (tokens: number) => void;
}

/** Injection token of the {@link ValidationRecorder}. */
export const VALIDATION_RECORDER = Symbol('nestjs-identity-model: validation recorder');
