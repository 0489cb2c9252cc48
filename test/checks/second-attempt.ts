/**
 * `tsx test/checks/second-attempt.ts REPORT`: after a run of the tests that failed, runs the files that failed once more,
 * where they are few. What then passes failed by chance: it is named, to be mended, and does not hold up a change that
 * has nothing to do with it. REPORT is what vitest's `json` reporter wrote.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { z } from 'zod';

/** More than these do not fail by chance. */
const MOST_FILES = 3;

const Report = z.looseObject({
  testResults: z.array(
    z.looseObject({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(z.looseObject({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

const { testResults } = Report.parse(JSON.parse(readFileSync(process.argv[2]!, 'utf8')));
const failed = testResults.filter(({ status }) => status === 'failed');
process.exitCode = 1;
if (failed.length > 0 && failed.length <= MOST_FILES) {
  const files = failed.map(({ name }) => name);
  console.log(`== a second attempt of ${files.length} of ${testResults.length} files`);
  const again = spawnSync('npx', ['vitest', 'run', ...files], { stdio: 'inherit' });
  if (again.status === 0) {
    process.exitCode = 0;
    for (const { name, message, assertionResults } of failed) {
      const tests = assertionResults.filter(({ status }) => status === 'failed');
      const what = tests.length === 0 ? [message] : tests.map(({ fullName }) => fullName);
      for (const each of what) console.log(`FAILED BY CHANCE: ${relative('.', name)}: ${each}`);
    }
  }
}
