import { ApiProperty } from '@nestjs/swagger';

export class NewOrder {
  @ApiProperty({ example: 'espresso' })
  readonly item!: string;
}

export class Order extends NewOrder {
  @ApiProperty({ example: 1 })
  readonly id!: number;

  @ApiProperty({ description: 'The subject of the token that placed the order' })
  readonly owner!: string;
}
