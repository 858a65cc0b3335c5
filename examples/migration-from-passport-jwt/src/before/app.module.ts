import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { UsersModule } from '../users/users.module.js';
import { JwtStrategy } from './jwt.strategy.js';
import { OrdersController } from './orders.controller.js';

@Module({
  imports: [PassportModule, UsersModule],
  providers: [JwtStrategy],
  controllers: [OrdersController],
})
export class AppModule {}
