// How Jest loads modules here: in Node's own realm, third parties once per test process as any process does, and each of
// ours compiled once and run anew for every file. Jest's own way, a realm per file, compiled all of it again for each.
// Jest's processes load this themselves, without a translation: hence JavaScript.
'use strict';
const { createRequire, isBuiltin } = require('node:module');
const { setFlagsFromString } = require('node:v8');
const { compileFunction } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

// As the processes of Berth run: no test asks Prisma enough for what optimizing its WebAssembly costs, a tenth of the CPU.
setFlagsFromString('--liftoff-only');

/** Ours, what Jest keeps one of for each file, and a package that is an ES module, which Jest translates. */
const RUN_FOR_EACH_FILE = /^(?:[./]|@berth\/|@jest\/|expect$|@prisma\/schema-engine-wasm)/;

/** By file: what was compiled, and the function that runs it. */
const compiled = new Map();

module.exports = class ModuleLoader extends Runtime {
  constructor(...args) {
    super(...args);
    if (typeof super.requireModuleOrMock !== 'function')
      throw new Error('This Jest loads modules in another way: see here.');
    const { executor } = this;
    executor.compile = (source, filename) => compile(source, filename, executor.injectedModuleParameters);
  }

  requireModuleOrMock(from, name) {
    if (RUN_FOR_EACH_FILE.test(name) || isBuiltin(name)) return super.requireModuleOrMock(from, name);
    const known = new Set(Reflect.ownKeys(globalThis));
    try {
      return createRequire(from)(name);
    } finally {
      this._environment.keepGlobals(known);
    }
  }
};

function compile(source, filename, parameters) {
  const known = compiled.get(filename);
  if (known?.source === source) return known.run;
  const run = compileFunction(source, parameters, { filename });
  compiled.set(filename, { source, run });
  return run;
}
