// A plugin of TypeDoc: modules have the names that applications import.
import { Converter } from 'typedoc';

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? [])
      module.name =
        module.name === 'index' ? 'nestjs-identity-model' : `nestjs-identity-model/${module.name}`;
  });
}
