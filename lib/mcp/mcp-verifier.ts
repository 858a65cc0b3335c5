import type { INestApplicationContext } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';
import { quoted } from '../model/printable.js';
import { Resources } from '../resources/resources.js';
import { TokenRights } from '../resources/token-rights.js';
import { TokenValidationService } from '../validation/token-validation.service.js';
import { toAuthInfo, type McpAuthInfo } from './auth-info.js';

/** What an `IdentityMcpVerifier` cannot know by itself. */
export interface McpVerifierOptions {
  /** The protected resource that the MCP server is: its `url` in the options of the module, or its path. */
  readonly resource: string;
  /**
   * Makes the error by which the SDK knows an invalid token, of a message for the client: an error of a class of the SDK, which
   * is not loaded here.
   */
  readonly invalidToken: (message: string) => Error;
}

/** Of an application, what is used here: `ModuleRef` has it, too. */
type Container = Pick<INestApplicationContext, 'get'>;

/**
 * The `OAuthTokenVerifier` of the MCP SDK, for routes outside of Nest's guards: the SDK's `requireBearerAuth` asks it.
 * A token is valid here if `IdentityModule` accepts it and it is for the one resource.
 *
 * @example
 * const verifier = new IdentityMcpVerifier(app, {
 *   resource: '/mcp',
 *   invalidToken: (message) => new OAuthError(OAuthErrorCode.InvalidToken, message),
 * });
 * app.use('/mcp', requireBearerAuth({ verifier }));
 */
export class IdentityMcpVerifier {
  private readonly tokens: TokenValidationService;
  private readonly rights: TokenRights;
  private readonly resources: Resources;
  private readonly options: McpVerifierOptions;

  /**
   * @param app - the application, or a `ModuleRef`, that `IdentityModule` is part of.
   * @throws {IdentityError} `options_invalid`: the resource is not configured.
   */
  constructor(app: Container, options: McpVerifierOptions) {
    this.tokens = app.get(TokenValidationService, { strict: false });
    this.rights = app.get(TokenRights, { strict: false });
    this.resources = app.get(Resources, { strict: false });
    this.options = options;
    if (this.resources.has(options.resource)) return;
    throw new IdentityError(
      'options_invalid',
      `IdentityMcpVerifier: ${quoted(options.resource)} is no configured resource; name one of the option "resources"`,
    );
  }

  /**
   * @throws what `invalidToken` makes, for a token that is not valid or for another resource.
   * @throws {IdentityError} of the kinds `unavailable` and `misconfigured`, as `TokenValidationService.validate`: neither says
   * anything about the token, and the SDK answers 500.
   */
  async verifyAccessToken(token: string): Promise<McpAuthInfo> {
    const { resource } = this.options;
    // One resource accepts what the validation accepts; of several, the audience of this one decides.
    const audience = this.resources.all.length > 1 ? this.resources.of(resource)?.audience : null;
    try {
      const validated = await this.tokens.validate(token, audience ? { audience } : undefined);
      const { scopes, resource: granted } = this.rights.of(validated, resource);
      return toAuthInfo(validated, { scopes, resource: granted });
    } catch (error) {
      if (error instanceof IdentityError && error.kind === 'rejected') {
        const what = error.code === 'token_expired' ? 'expired' : 'invalid';
        throw this.options.invalidToken(`The access token is ${what}`);
      }
      throw error;
    }
  }
}
