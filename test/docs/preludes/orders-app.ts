import { Module as OrdersModule } from '@nestjs/common';

@OrdersModule({})
export class AppModule {}
