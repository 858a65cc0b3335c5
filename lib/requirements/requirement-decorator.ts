import { addRequirement, noteMethod } from './access-metadata.js';
import { decoratorError } from './decorator-error.js';
import type { RequirementMode } from './requirement-options.js';
import type { Requirement } from './requirement.js';

export type AccessDecorator = MethodDecorator & ClassDecorator;

/**
 * Puts a requirement on a method or a class.
 *
 * @param name - the decorator's, for its errors and for reports.
 * @param mode - undefined if the decorator does not name one.
 */
export function requirementDecorator(
  name: string,
  requirement: Requirement,
  mode?: RequirementMode,
): AccessDecorator {
  return accessDecorator(name, (target, method) => {
    addRequirement(target, { decorator: name, requirement, mode });
    if (method !== undefined) noteMethod(method.prototype, method.name);
  });
}

/**
 * Metadata of a method stands on the function, that of a class on its constructor, as Nest's own does.
 * Not through `applyDecorators`, which takes a static property for its class.
 *
 * @throws {IdentityError} `options_invalid`, on other members: there is no function that a guard could look at.
 */
export function accessDecorator(
  decorator: string,
  mark: (target: object, method?: { readonly prototype: object; readonly name: string | symbol }) => void,
): AccessDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (name === undefined && descriptor === undefined) {
      mark(target);
      return;
    }
    const method: unknown = descriptor?.value;
    if (name === undefined || typeof method !== 'function') {
      throw decoratorError(
        decorator,
        `stands on "${String(name)}", which is no method: put it on a method or a class`,
      );
    }
    mark(method, { prototype: target, name });
  };
}
