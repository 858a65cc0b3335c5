import { parseUrl } from '../model/url-policy.js';
import { noteMethod, ownResource, setResource } from './access-metadata.js';
import { decoratorError } from './decorator-error.js';
import { accessDecorator, type AccessDecorator } from './requirement-decorator.js';

/**
 * Says to which protected resource a route belongs, if the option `resources` names several (RFC 9728): a token for another
 * one is a 401 `audience_mismatch`, with the metadata of this one in the challenge. That of a method takes precedence over that of
 * its class, and that of a class in front of that of its parents; routes without any belong to the first resource.
 *
 * @param url - the `url` of the resource as the options have it, or the path below `publicUrl`.
 * Beside `@Public()` of the class a method that names a resource needs a token.
 *
 * @throws {IdentityError} `options_invalid`, for what is neither, and for two on one route.
 * @example
 * `@ProtectedResource('https://api.example.com/mcp')`
 */
export function ProtectedResource(url: string): AccessDecorator {
  if (typeof url !== 'string' || (parseUrl(url) === undefined && !url.startsWith('/'))) {
    throw decoratorError('ProtectedResource', 'expects the "url" of a configured resource');
  }
  return accessDecorator('ProtectedResource', (target, method) => {
    if (ownResource(target) !== undefined) {
      throw decoratorError('ProtectedResource', 'stands twice on one route: a route belongs to one resource');
    }
    setResource(target, url);
    if (method !== undefined) noteMethod(method.prototype, method.name);
  });
}
