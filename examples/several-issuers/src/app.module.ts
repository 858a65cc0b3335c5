import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdentityAuthGuard, IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { RolesGuard } from './access/roles.guard.js';
import { User } from './users/user.entity.js';
import { UsersModule } from './users/users.module.js';
import { UsersService } from './users/users.service.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    // SQLite in memory, without anything to compile. `type: 'postgres'` and `url` make it another database.
    TypeOrmModule.forRoot({ type: 'sqljs', entities: [User], synchronize: true }),
    UsersModule,
    IdentityModule.forRootAsync({
      imports: [UsersModule],
      inject: [ConfigService, UsersService],
      useFactory: (config: ConfigService, users: UsersService): IdentityModuleOptions => ({
        issuers: [
          { issuer: config.getOrThrow<string>('STAFF_ISSUER'), audience: 'orders-api' },
          { issuer: config.getOrThrow<string>('PARTNER_ISSUER'), audience: 'https://orders.example.com' },
        ],
        mapUser: (validated) => users.findFor(validated),
      }),
    }),
  ],
  providers: [
    // In this order.
    { provide: APP_GUARD, useExisting: IdentityAuthGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
  ],
})
export class AppModule {}
