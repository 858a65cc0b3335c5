import { setMode } from '../requirements/access-metadata.js';
import { accessDecorator, type AccessDecorator } from '../requirements/requirement-decorator.js';

/**
 * Lets callers without a token in as well; a bad token is still rejected.
 *
 * @example
 * `@OptionalAuth() @Get('shop') shop(@Claims('sub') sub?: string) { … }`
 */
export function OptionalAuth(): AccessDecorator {
  return accessDecorator('OptionalAuth', (target) => setMode(target, 'optional'));
}
