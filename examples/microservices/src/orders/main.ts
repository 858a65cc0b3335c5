import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { grpcOptions } from './grpc-options.js';
import { OrdersModule } from './orders.module.js';

const service = await NestFactory.createMicroservice<MicroserviceOptions>(OrdersModule, grpcOptions());
service.enableShutdownHooks();
await service.listen();
