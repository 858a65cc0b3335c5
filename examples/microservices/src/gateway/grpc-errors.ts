import { status } from '@grpc/grpc-js';
import {
  HttpException,
  HttpStatus,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { catchError, throwError, type Observable } from 'rxjs';

const HTTP_STATUS: Readonly<Record<number, HttpStatus>> = {
  [status.UNAUTHENTICATED]: HttpStatus.UNAUTHORIZED,
  [status.PERMISSION_DENIED]: HttpStatus.FORBIDDEN,
  [status.UNAVAILABLE]: HttpStatus.SERVICE_UNAVAILABLE,
};

/** What the service denies is denied over HTTP as well, and no Internal Server Error. */
@Injectable()
export class GrpcErrors implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => throwError(() => toHttp(error))));
  }
}

function toHttp(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const httpStatus = typeof code === 'number' ? HTTP_STATUS[code] : undefined;
  return httpStatus === undefined ? error : new HttpException(HttpStatus[httpStatus], httpStatus);
}
