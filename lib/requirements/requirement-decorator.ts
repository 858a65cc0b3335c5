import { IdentityError } from '../errors/identity-error.js';
import { addRequirement, noteMethod } from './access-metadata.js';
import type { Requirement } from './requirement.js';

export type AccessDecorator = MethodDecorator & ClassDecorator;

/** Puts a requirement on a method or a class. @param name - the decorator's, for its errors. */
export function requirementDecorator(name: string, requirement: Requirement): AccessDecorator {
  return accessDecorator(name, (target, method) => {
    addRequirement(target, requirement);
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

/** @returns `options_invalid`. */
export function decoratorError(decorator: string, issue: string): IdentityError {
  return new IdentityError('options_invalid', `@${decorator} ${issue}`);
}
