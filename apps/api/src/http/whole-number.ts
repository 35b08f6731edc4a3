// Reading an id that is a number in JSON and text in a path.

const NUMBER_MAX = 2_147_483_647; // the store's integer

/** The number; null for anything that no row can have as its number. */
export function wholeNumberOf(text: string): number | null {
  const number = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  return number !== null && number <= NUMBER_MAX ? number : null;
}
