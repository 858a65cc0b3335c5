// Takes all packages into the bundle.
const { DefinePlugin, IgnorePlugin } = require('webpack');

/** Nest 12 loads these only where they are installed; Nest's own ignore list names them without ".js", which no longer matches on 12. */
const resourceRegExp = /^@nestjs\/(microservices\/microservices-module|websockets\/socket-module)\.js$/;

module.exports = (options) => ({
  ...options,
  externals: [],
  plugins: [
    ...options.plugins,
    new IgnorePlugin({ resourceRegExp }),
    // @nestjs/terminus asks for it, and the bundle is CommonJS.
    new DefinePlugin({ 'import.meta.dirname': '__dirname' }),
  ],
});
