import {
  BadRequestException,
  ForbiddenException,
  InternalServerErrorException,
  ServiceUnavailableException,
  UnauthorizedException,
  type HttpException,
} from '@nestjs/common';
import type { IdentityError } from '../errors/identity-error.js';

/**
 * Nest's own exception for a fault, with the fault as its cause: filters that know Nest know what to do.
 * Its body says no more than the status; the code is for the log.
 */
export function toHttpException(error: IdentityError): HttpException {
  const options = { cause: error };
  switch (error.status) {
    case 400:
      return new BadRequestException(undefined, options);
    case 401:
      return new UnauthorizedException(undefined, options);
    case 403:
      return new ForbiddenException(undefined, options);
    case 503:
      return new ServiceUnavailableException(undefined, options);
    default:
      return new InternalServerErrorException(undefined, options);
  }
}
