// Takes all packages into the bundle; what Nest loads only if it is installed stays out (Nest's own list).
module.exports = (options) => ({ ...options, externals: [] });
