import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { IdentityModule } from 'nestjs-identity-model';
import { identityOptions } from '../identity-options.js';
import { grpcOptions } from '../orders/grpc-options.js';
import { GatewayController } from './gateway.controller.js';

@Module({
  imports: [
    IdentityModule.forRootAsync({ useFactory: identityOptions }),
    ClientsModule.registerAsync([{ name: 'ORDERS', useFactory: grpcOptions }]),
  ],
  controllers: [GatewayController],
})
export class GatewayModule {}
