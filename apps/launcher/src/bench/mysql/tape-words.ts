// What in the statements for MySQL and MariaDB belongs to one create alone.
import type { TapeWords } from '../tape';

export const mysqlWords: TapeWords = {
  /** As it is; in the pattern of a grant, where `_` would stand for any letter; and that within a text. */
  spellings: (name) => ['_', '\\_', '\\\\_'].map((underscore) => name.replaceAll('_', underscore)),
  hashed: /(?<='berth )[0-9a-f]{48}(?=')|(?<=\bberth_check_)[0-9a-f]{24}\b|\b(?:db|cred)_[0-9a-z]{26}\b/g,
  differing: [
    [/(db|cred)_[0-9a-z]{26}/g, 'ID'],
    [/'berth [0-9a-f]{48}'/g, 'LOCK'],
    [/berth_check_[0-9a-f]{24}/g, 'CHECK'],
    [/\*[0-9A-F]{40}/g, 'VERIFIER'],
  ],
};
