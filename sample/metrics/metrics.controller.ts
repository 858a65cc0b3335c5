import { Controller, Get, Header, Inject } from '@nestjs/common';
import { Public } from 'nestjs-identity-model';
import { IdentityPrometheus } from 'nestjs-identity-model/prometheus';

@Public()
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(IdentityPrometheus) private readonly prometheus: IdentityPrometheus) {}

  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.prometheus.metrics();
  }
}
