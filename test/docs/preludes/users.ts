import { Injectable as PreludeInjectable, Module as PreludeModule } from '@nestjs/common';

@PreludeInjectable()
export class UsersService {
  async find(issuer: string, subject: string | undefined): Promise<{ id: string } | null> {
    return subject === undefined ? null : { id: `${issuer} ${subject}` };
  }
}

@PreludeModule({ providers: [UsersService], exports: [UsersService] })
export class UsersModule {}
