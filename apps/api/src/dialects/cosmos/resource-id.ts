// `_rid`: what the product calls a thing by, whatever its user calls it. Four bytes in base64, so 8 characters that end in `==`,
// of letters and digits alone, for it stands in paths. It follows from the number of the row, both ways.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** The sixth character holds two bits of the fourth byte. */
const LAST_DIGITS = 'AQgw';
const DIGITS_COUNT = 5;
const RESOURCE_ID = new RegExp(`^([${DIGITS}]{${DIGITS_COUNT}})([${LAST_DIGITS}])==$`);
const NUMBER_MAX = 2_147_483_647; // the store's integer: less than 62 to the fifth, three times

/** The `_rid` of a row, by its number. */
export function resourceIdOf(number: number): string {
  let rest = number;
  let text = '';
  for (let place = 0; place < DIGITS_COUNT; place += 1) {
    text += DIGITS.charAt(rest % DIGITS.length);
    rest = Math.floor(rest / DIGITS.length);
  }
  return `${text}${LAST_DIGITS.charAt(rest)}==`;
}

/** The number of the row; null for a text that is the `_rid` of none. */
export function numberOfResourceId(text: string): number | null {
  const [, digits, last] = RESOURCE_ID.exec(text) ?? [];
  if (digits === undefined || last === undefined) return null;
  let number = LAST_DIGITS.indexOf(last);
  for (const digit of [...digits].reverse()) number = number * DIGITS.length + DIGITS.indexOf(digit);
  return number >= 1 && number <= NUMBER_MAX ? number : null;
}
