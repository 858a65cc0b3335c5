import { Injectable, UnauthorizedException } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { setting } from '../setting.js';
import { UsersService, type User } from '../users/users.service.js';

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly users: UsersService) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: setting('JWKS_URI'),
        cache: true,
        rateLimit: true,
      }),
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
