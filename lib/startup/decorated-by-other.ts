import type { ModulesContainer } from '@nestjs/core';
import { isDecoratedByOther } from '../requirements/access-metadata.js';
import { classesOf, handlersOf, type Class } from './find-handlers.js';

/** `Class` or `Class.method` of what carries access decorators of another copy of this package. */
export function decoratedByOther(modules: ModulesContainer): readonly string[] {
  const found = new Set<string>();
  for (const { type } of classesOf(modules, isMarked)) {
    const methods = handlersOf(type).filter(({ method }) => isDecoratedByOther(method));
    for (const { name } of methods) found.add(`${type.name}.${name}`);
    if (methods.length === 0 && isMarked(type)) found.add(type.name);
  }
  return [...found];
}

/** The prototype carries a note of each method with requirements, even if another decorator has replaced it. */
function isMarked(type: Class): boolean {
  return isDecoratedByOther(type) || isDecoratedByOther(type.prototype as object);
}
