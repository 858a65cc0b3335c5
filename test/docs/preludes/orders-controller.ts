import {
  Controller as PreludeController,
  Get as PreludeGet,
  Inject,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import {
  Claims as PreludeClaims,
  IdentityAuthGuard as PreludeGuard,
  RequireScopes,
} from 'nestjs-identity-model';

@Injectable()
export class OrdersService {
  of(sub: string): readonly object[] {
    throw new Error(`no database for ${sub}`);
  }
}

@UseGuards(PreludeGuard)
@PreludeController('orders')
export class OrdersController {
  constructor(@Inject(OrdersService) private readonly orders: OrdersService) {}

  @PreludeGet()
  @RequireScopes('orders:read')
  list(@PreludeClaims('sub') sub: string): readonly object[] {
    return this.orders.of(sub);
  }
}
