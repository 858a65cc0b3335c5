import { setMode } from '../requirements/access-metadata.js';
import { accessDecorator, type AccessDecorator } from '../requirements/requirement-decorator.js';

/**
 * Allows anonymous access; any token is ignored.
 *
 * @example
 * `@Public() @Get('status') status() { … }`
 */
export function Public(): AccessDecorator {
  return accessDecorator('Public', (target) => setMode(target, 'public'));
}
