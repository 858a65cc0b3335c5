// Takes all packages into the bundle.
const { DefinePlugin, IgnorePlugin } = require('webpack');

/** Nest 12 loads these only where they are installed; the list of Nest's own configuration has them without ".js", as in Nest 11. */
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
