import { Injectable, UnauthorizedException } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { JwksService } from 'nestjs-identity-model';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { setting } from '../setting.js';
import { UsersService, type User } from '../users/users.service.js';

/** The strategy stays; its keys come from the module, which keeps them through an outage of the provider. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    jwks: JwksService,
    private readonly users: UsersService,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: jwks.secretOrKeyProvider(),
      issuer: setting('OIDC_ISSUER'),
      audience: 'orders-api',
      algorithms: ['RS256'],
    });
  }

  async validate(payload: { sub?: string }): Promise<User> {
    const user = await this.users.find(payload.sub);
    if (user === null) throw new UnauthorizedException();
    return user;
  }
}
