module.exports = process.getBuiltinModule('node:module').createRequire(__filename)('jose');
