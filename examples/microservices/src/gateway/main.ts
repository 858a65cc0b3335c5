import { NestFactory } from '@nestjs/core';
import { GatewayModule } from './gateway.module.js';

const app = await NestFactory.create(GatewayModule);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
