/** The files of a health check, below the folder of sources. @param suffix of relative imports: '.js' in ES modules */
export const healthFiles = (suffix: string): Readonly<Record<string, string>> => ({
  'health/health.controller.ts': `import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { IdentityHealthIndicator, Public } from 'nestjs-identity-model';

@Public()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly identity: IdentityHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.identity.check('identity')]);
  }
}
`,
  'health/health.module.ts': `import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller${suffix}';

@Module({
  imports: [TerminusModule],
  controllers: [HealthController],
})
export class HealthModule {}
`,
});
