import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  type HttpExceptionOptions,
  InternalServerErrorException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import type { IdentityError } from '../errors/identity-error.js';

/**
 * Nest's own exception for an error, with the error as its cause: filters that know Nest know what to do.
 * Its body says no more than the status; the code is for the log.
 */
export function toHttpException(error: IdentityError): HttpException {
  return exceptionOf(error.status, undefined, { cause: error });
}

/** Nest's own exception for a status; without a body it has the usual one. */
export function exceptionOf(
  status: number,
  body?: object,
  options: { readonly cause?: Error } = {},
): HttpException {
  switch (status) {
    case 400:
      return new BadRequestException(body, described('Bad Request', options));
    case 401:
      return new UnauthorizedException(body, described('Unauthorized', options));
    case 403:
      return new ForbiddenException(body, described('Forbidden', options));
    case 503:
      return new ServiceUnavailableException(body, described('Service Unavailable', options));
    case 500:
      return new InternalServerErrorException(body, described('Internal Server Error', options));
    default:
      return new HttpException(body ?? '', status, options);
  }
}

/** NestJS 11 has a description of its own only for exceptions without options; 12 for all. */
function described(description: string, options: { readonly cause?: Error }): HttpExceptionOptions {
  return { description, ...options };
}
