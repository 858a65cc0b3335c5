import { setMode } from '../requirements/access-metadata.js';
import { accessDecorator, type AccessDecorator } from '../requirements/requirement-decorator.js';

/**
 * Lets everybody in; the token is not looked at.
 *
 * @example
 * `@Public() @Get('status') status() { … }`
 */
export function Public(): AccessDecorator {
  return accessDecorator('Public', (target) => setMode(target, 'public'));
}
