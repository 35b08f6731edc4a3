/** @jest-config-loader esbuild-register */
// One suite for the whole house: tests stand beside what they test, and run against real servers started once per run.
import type { Config } from 'jest';

/** Prisma's migration engine is an ES module; in Jest it has to be CommonJS like everything else. */
const ES_MODULES = '@prisma/schema-engine-wasm/';

const config: Config = {
  testEnvironment: '<rootDir>/packages/testing/src/guarded-environment.ts',
  runtime: '<rootDir>/packages/testing/src/module-loader.cjs',
  roots: ['<rootDir>/packages', '<rootDir>/apps'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/generated/'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
    [`/${ES_MODULES}.+\\.js$`]: ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!${ES_MODULES})`],
  globalSetup: '<rootDir>/packages/testing/src/global-setup.ts',
  globalTeardown: '<rootDir>/packages/testing/src/global-teardown.ts',
  // A journey waits for real servers; a single test that needs longer than this says so itself.
  testTimeout: 60_000,
  // Three on two cores: journeys wait a third of their time, and share the machine with the servers of the run.
  maxWorkers: 3,
  verbose: false,
};

export default config;
