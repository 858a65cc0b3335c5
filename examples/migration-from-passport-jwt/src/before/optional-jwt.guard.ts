import { Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';

@Injectable()
export class OptionalJwtGuard extends AuthGuard('jwt') {
  override handleRequest<U>(_error: unknown, user: U | false): U {
    return (user === false ? undefined : user) as U;
  }
}
