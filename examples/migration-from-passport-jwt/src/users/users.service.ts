import { ForbiddenException, Injectable } from '@nestjs/common';

export interface User {
  readonly name: string;
  readonly roles: readonly string[];
  readonly locked?: boolean;
}

@Injectable()
export class UsersService {
  private readonly bySubject = new Map<string | undefined, User>([
    ['ada', { name: 'Ada', roles: ['admin'] }],
    ['bob', { name: 'Bob', roles: [] }],
    ['eve', { name: 'Eve', roles: [], locked: true }],
  ]);

  async find(subject: string | undefined): Promise<User | null> {
    const user = this.bySubject.get(subject) ?? null;
    if (user?.locked === true) throw new ForbiddenException('This account is locked');
    return user;
  }
}
