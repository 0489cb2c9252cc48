import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { buildDashboard } from './scripts/build-dashboard.mjs';

// The Worker imports what this makes; it is not in the repository.
await buildDashboard();

/** What is polled for comes when the machine has time for it; the default of a second fails where it is busy. */
const poll = { timeout: 60_000 };

/**
 * Three suites: `unit` runs in Node, `workerd` inside the real runtime with real Durable Objects, `browser` drives a
 * deployment with Chromium.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/attacks/*.test.ts'],
          // A quarter of the time is imports, and files leave nothing behind that another could see.
          isolate: false,
          setupFiles: ['test/helpers/described-schemas.ts'],
          globalSetup: ['test/helpers/bundle-folder.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll },
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            // Open access without the secret; the tests of access set one.
            miniflare: {
              bindings: {
                FEDCAR_ENVIRONMENT: 'development',
                FEDCAR_HOSTS: 'fedcar.test, hub.test',
                FEDCAR_FULL: process.env.FEDCAR_FULL ?? '',
              },
            },
          }),
        ],
        test: {
          name: 'workerd',
          // Vitest waits for an answer to every line that it takes; one of an object that was aborted gets none.
          disableConsoleIntercept: true,
          include: ['test/workerd/**/*.test.ts', 'test/attacks/workerd/*.test.ts'],
          // A start of the runtime with all modules took as long as many a file; a file leaves no objects behind.
          isolate: false,
          setupFiles: ['test/workerd/fresh-service.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll },
          // Half of their time is alarms and deadlines, in which another file can run.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          isolate: false,
          globalSetup: ['test/helpers/bundle-folder.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll },
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
