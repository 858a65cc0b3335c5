import { Controller, Delete, Get, Param } from '@nestjs/common';
import { Claims, RequireAnyRole, RequireRoles } from 'nestjs-identity-model';

@Controller('reports')
export class ReportsController {
  @Get('mine')
  mine(
    @Claims('preferred_username') username: string,
    @Claims(['realm_access', 'roles']) roles: readonly string[],
  ) {
    return { username, roles };
  }

  /** One of the roles. */
  @RequireAnyRole('auditor', 'admin')
  @Get()
  list() {
    return [{ id: 1, title: 'Quarter 3' }];
  }

  /** All of the roles. */
  @RequireRoles('auditor', 'admin')
  @Delete(':id')
  remove(@Param('id') id: string) {
    return { removed: Number(id) };
  }
}
