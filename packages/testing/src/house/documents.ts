// What a page of documentation claims to exist: paths, links and npm scripts.
import { posix } from 'node:path';

/** Folders at the top of the repository: a word that begins with one of them is a path. */
const TOPS = ['packages', 'apps', 'docs', 'prisma', '.ci'];

/** Files at the top, by their endings; a word with a slash is never one of them. */
const TOP_FILE = /^[A-Za-z.][\w.-]*\.(md|json|yml|ts)$|^\.env\.example$|^Dockerfile$|^LICENSE$|^\.npmrc$/;

/**
 * The paths that a page names, from the top: words in backticks or code blocks that begin with a folder of the
 * repository, files of the top, and targets of relative links. `<name>` and `*` end a path where they stand. Lines that
 * say "(to come)" are left out.
 */
export function pathsIn(page: string, markdown: string): string[] {
  const text = markdown
    .split('\n')
    .filter((line) => !line.includes('(to come)'))
    .join('\n');
  return [...new Set([...codeWords(text).filter(isPath), ...linksIn(page, text)])]
    .map(whole)
    .filter((path) => path !== '');
}

/** The scripts a page names: `npm run demo` → `demo`, `npm test` → `test`. */
export function npmScriptsIn(markdown: string): string[] {
  const run = [...markdown.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, script = '']) => script);
  const short = [...markdown.matchAll(/\bnpm (test|start)\b/g)].map(([, script = '']) => script);
  return [...new Set([...run, ...short])];
}

function codeWords(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const spans = [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  // a tree drawn in a block has names relative to the line above: only words that hold a whole path count there
  return [...spans, ...blocks]
    .flatMap((code) => code.split(/[\s"'(),;=]+/))
    .map((word) => word.replace(/^\.\/|[.:]$/g, ''));
}

function isPath(word: string): boolean {
  const [top = ''] = word.split('/');
  return (TOPS.includes(top) && word.includes('/')) || TOP_FILE.test(word);
}

function linksIn(page: string, markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => posix.normalize(posix.join(posix.dirname(page), target)));
}

/** The part of a path that stands before a placeholder: `packages/engines/src/<name>/` → `packages/engines/src`. */
function whole(path: string): string {
  const parts = path.split('/');
  const hole = parts.findIndex((part) => /[<*{$…]/.test(part));
  return (hole < 0 ? parts : parts.slice(0, hole)).join('/').replace(/\/$/, '').replace(/:\d+$/, '');
}
