import { ForbiddenException, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { ValidatedToken } from 'nestjs-identity-model';
import { Repository } from 'typeorm';
import { User } from './user.entity.js';

@Injectable()
export class UsersService {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  /** For `mapUser`: null is a 401, what is thrown here keeps its status, any other error is a 503. */
  async findFor({ issuer, claims }: ValidatedToken): Promise<User | null> {
    if (claims.sub === undefined) return null;
    const user = await this.users.findOneBy({ issuer, subject: claims.sub });
    if (user?.locked === true) throw new ForbiddenException('This account is locked');
    return user;
  }

  add(user: Omit<User, 'id' | 'locked'>): Promise<User> {
    return this.users.save(this.users.create(user));
  }

  async lock(id: number): Promise<void> {
    await this.users.update(id, { locked: true });
  }
}
