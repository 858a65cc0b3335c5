import path from 'node:path';
import { Transport, type GrpcOptions } from '@nestjs/microservices';

/** Of the service and of its clients. */
export const grpcOptions = (): GrpcOptions => ({
  transport: Transport.GRPC,
  options: {
    url: process.env['ORDERS_URL'] ?? '127.0.0.1:5000',
    package: 'orders',
    protoPath: path.resolve('src/orders/orders.proto'),
  },
});
