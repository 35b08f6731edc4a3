// One source file against the rules of CONTRIBUTING.md that no linter knows.
import { ENGINES } from '@berth/core';
import { isTest } from './source-files';

const LINES_MAX = 300;
const TEST_LINES_MAX = 400;

/** Names that say nothing of what is inside. */
const EMPTY_NAMES = /^(utils?|common|types|helpers?|manager|constants|misc|shared)$/;

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(live\.test|test|fixture|config|d))?\.[cm]?[jt]sx?$/;

/** The one file that may leave tests out: it prints the reason. */
const MAY_SKIP = 'packages/testing/src/describe-where.ts';

/** What engines differ in is in their rules and their sessions: who asks a name forgets the next engine. */
const KNOWS_NO_ENGINE = /^(packages\/(actions|store|queue|runtime)|apps\/(api|maintenance))\//;
const ENGINE = `['"\`](${ENGINES.join('|')})['"\`]`;
const ASKS_ENGINE = new RegExp(`[=!]==? *${ENGINE}|${ENGINE} *[=!]==?|case +${ENGINE}`);

const SKIPS = 'leaves tests out without saying so: use describeWhere or testWhere of packages/testing';

/** What is wrong with the file, in sentences that begin with its path; empty when nothing is. */
export function styleComplaints(file: string, text: string): string[] {
  const complaints = [...namesOf(file), ...lengthOf(text, isTest(file))];
  const first = text.replace(/^#!.*\n/, '');
  if (!first.startsWith('//') && !first.startsWith('/*')) complaints.push('does not open with a comment');
  if (isTest(file) && /\b(test|it|describe)\.only\b|^\s*f(it|test|describe)\(/m.test(code(text))) {
    complaints.push('runs only some of its tests');
  }
  const leavesOut = /\b(test|it|describe)(\.each)?\.(skip|todo)\b|^\s*x(it|test|describe)\(/m.test(code(text));
  if (leavesOut && file !== MAY_SKIP) complaints.push(SKIPS);
  if (/\/\/ (TODO|FIXME|XXX)\b/.test(code(text))) complaints.push('has a note to do something later');
  if (KNOWS_NO_ENGINE.test(file) && !isTest(file) && ASKS_ENGINE.test(text)) complaints.push("asks an engine's name");
  return complaints.map((complaint) => `${file} ${complaint}`);
}

function namesOf(file: string): string[] {
  const folders = file.split('/').slice(1, -1);
  const name = file.split('/').at(-1) ?? '';
  const words = [...folders, ...name.replace(/\..*$/, '').split('-')];
  const empty = words.filter((word) => EMPTY_NAMES.test(word)).map((word) => `${word} says nothing`);
  return KEBAB.test(name) ? empty : [...empty, 'is not in kebab-case'];
}

function lengthOf(text: string, isUnderTest: boolean): string[] {
  const lines = text.trimEnd().split('\n').length;
  const linesMax = isUnderTest ? TEST_LINES_MAX : LINES_MAX;
  return lines > linesMax ? [`has ${lines} lines, more than ${linesMax}`] : [];
}

/** The text without literals on one line: rules and their tests quote what they forbid. */
function code(text: string): string {
  return text.replace(/`[^`\n]*`|'[^'\n]*'/g, "''");
}
