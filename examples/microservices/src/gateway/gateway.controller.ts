import { Metadata } from '@grpc/grpc-js';
import {
  Body,
  Controller,
  Get,
  Inject,
  Post,
  UseGuards,
  UseInterceptors,
  type OnModuleInit,
} from '@nestjs/common';
import type { ClientGrpc } from '@nestjs/microservices';
import { IdentityAuthGuard, Token } from 'nestjs-identity-model';
import type { Observable } from 'rxjs';
import { GrpcErrors } from './grpc-errors.js';

interface Orders {
  list(request: object, metadata: Metadata): Observable<{ orders?: object[] }>;
  add(request: { item: string }, metadata: Metadata): Observable<object>;
}

@UseGuards(IdentityAuthGuard)
@UseInterceptors(GrpcErrors)
@Controller('orders')
export class GatewayController implements OnModuleInit {
  private orders!: Orders;

  constructor(@Inject('ORDERS') private readonly client: ClientGrpc) {}

  onModuleInit(): void {
    this.orders = this.client.getService<Orders>('Orders');
  }

  @Get()
  list(@Token() token: string) {
    return this.orders.list({}, onBehalfOf(token));
  }

  @Post()
  add(@Token() token: string, @Body() { item }: { item: string }) {
    return this.orders.add({ item }, onBehalfOf(token));
  }
}

/** The token of the caller, for the service that decides what the caller may do. */
function onBehalfOf(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
