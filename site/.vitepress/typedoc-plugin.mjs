// A plugin of TypeDoc: modules have the names that applications import, and nothing is shown that they cannot import.
import { Converter, ReflectionKind } from 'typedoc';

const NAME = 'nestjs-identity-model';

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? [])
      module.name = module.name === 'index' ? NAME : `${NAME}/${module.name}`;
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const each of Object.values(project.reflections)) {
      // The parents of a class come before itself.
      if (each.typeHierarchy?.next && each.typeHierarchy.types.every(isHidden))
        each.typeHierarchy = each.typeHierarchy.next;
      if (each.inheritedFrom && isHidden(each.inheritedFrom)) delete each.inheritedFrom;
      if (each.overwrites && isHidden(each.overwrites)) delete each.overwrites;
      if (each.kind === ReflectionKind.Constructor && isInjected(each)) project.removeReflection(each);
    }
  });
}

/** A type of this package that it does not export, or what a mixin returns. */
const isHidden = (type) =>
  type.type === 'reference' && !type.reflection && (type.package === NAME || type.name.includes('_base.'));

/** Applications cannot name what it takes: NestJS calls it. */
const isInjected = ({ signatures = [] }) =>
  signatures.some(({ parameters = [] }) => parameters.some(({ type }) => type && isHidden(type)));
