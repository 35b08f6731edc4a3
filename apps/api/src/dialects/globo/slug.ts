// Names as the product keeps them: lower case letters and digits, everything between them one underscore.

/** `My-DB` is `my_db`; letters with accents lose them; what has no letter and no digit becomes empty. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}
