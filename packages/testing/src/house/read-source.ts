// What one source file imports and what it touches, read from its syntax tree: comments and strings cannot deceive it.
import { parseSync } from '@swc/core';

/** Things that only certain places may touch; ARCHITECTURE.md says which. */
export const WATCHED = [
  'process.env',
  'process.exit',
  'new Date()',
  'Date.now()',
  'console',
  'writes to the store',
] as const;
export type Watched = (typeof WATCHED)[number];

/** `store.databases.insert`, `api.store.transaction`; reads begin with find, get, list or is. */
const STORE_WRITE =
  /(^|\.)store\.(transaction|exclusively|(?!(listener|feed)\b)\w+\.(?!(find|get|list|is)([A-Z]|$))\w+)$/;

export interface SourceFacts {
  /** Every specifier: static, dynamic, `require`, type-only, re-exports, `import x = require()`, `import('x')` types. */
  imports: string[];
  touches: Watched[];
}

/** Reads one file's text. Throws when it cannot be parsed. `name` decides between TypeScript and JavaScript. */
export function readSource(name: string, text: string): SourceFacts {
  const tree = parseSync(
    text,
    /\.[mc]?js$/.test(name)
      ? { syntax: 'ecmascript', target: 'esnext' }
      : { syntax: 'typescript', tsx: name.endsWith('.tsx'), decorators: true, target: 'esnext' },
  );
  const imports = new Set<string>();
  const touches = new Set<Watched>();
  walk(tree, (node) => {
    const specifier = importIn(node);
    if (specifier !== null) imports.add(specifier);
    const touched = touchIn(node);
    if (touched !== null) touches.add(touched);
  });
  return { imports: [...imports], touches: [...touches] };
}

type Node = Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (isNode(value)) {
    if (typeof value.type === 'string') visit(value);
    for (const child of Object.values(value)) walk(child, visit);
  }
}

function importIn(node: Node): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return textOf(node.source);
    case 'TsExternalModuleReference':
      return textOf(node.expression);
    case 'TsImportType':
      return textOf(node.argument);
    case 'CallExpression':
      return isImporting(node.callee) ? textOf(firstArgument(node)) : null;
    default:
      return null;
  }
}

function isImporting(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Import') return true;
  const name = dotted(callee);
  return name !== null && /^(require|require\.resolve|jest\.(mock|requireActual|requireMock))$/.test(name);
}

function touchIn(node: Node): Watched | null {
  if (node.type === 'MemberExpression') {
    const name = dotted(node);
    if (name === 'process.env' || name === 'process.exit') return name;
    if (name !== null && STORE_WRITE.test(name)) return 'writes to the store';
    return name?.startsWith('console.') ? 'console' : null;
  }
  if (node.type === 'NewExpression' && dotted(node.callee) === 'Date') {
    return firstArgument(node) === undefined ? 'new Date()' : null;
  }
  if (node.type === 'CallExpression' && dotted(node.callee) === 'Date.now') return 'Date.now()';
  // `const { env } = process` is the same reading under another name
  const takesApart = node.type === 'VariableDeclarator' && isNode(node.id) && node.id.type === 'ObjectPattern';
  return takesApart && dotted(node.init) === 'process' ? 'process.env' : null;
}

/** `a.b` or `a['b']` as text; null for what is not a plain chain of names. */
function dotted(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === 'Identifier') return typeof node.value === 'string' ? node.value : null;
  if (node.type !== 'MemberExpression') return null;
  const object = dotted(node.object);
  const property =
    isNode(node.property) && node.property.type === 'Computed' ? node.property.expression : node.property;
  const name = isNode(property) ? property.value : null;
  return object !== null && typeof name === 'string' ? `${object}.${name}` : null;
}

function firstArgument(call: Node): unknown {
  const [first] = Array.isArray(call.arguments) ? call.arguments : [];
  return isNode(first) ? first.expression : undefined;
}

function textOf(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === 'StringLiteral' && typeof node.value === 'string') return node.value;
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node.quasis) || node.quasis.length !== 1) return null;
  const [only] = node.quasis;
  return isNode(only) && typeof only.cooked === 'string' ? only.cooked : null;
}
