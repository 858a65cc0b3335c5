import { Module } from '@nestjs/common';
import { IdentityModule } from 'nestjs-identity-model';
import { AppController } from './app.controller';
import { AppService } from './app.service';

@Module({
  imports: [IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' })],
  controllers: [AppController],
  providers: [AppService],
})
export class AppModule {}
