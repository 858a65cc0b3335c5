import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';
import { OrdersController } from '../src/orders/orders.controller.js';
import { OrdersService } from '../src/orders/orders.service.js';

it('hands out the orders of the caller only', async () => {
  const module = await Test.createTestingModule({
    controllers: [OrdersController],
    providers: [OrdersService],
  }).compile();
  const controller = module.get(OrdersController);

  const order = controller.add('ada', { item: 'espresso' });

  expect(controller.list('ada')).toEqual([order]);
  expect(controller.list('bob')).toEqual([]);
});
