// Reading a number of ours in the path or the query of a product whose ids are numbers.

const NUMBER_MAX = 2_147_483_647; // the store's integer

/** The number; null for anything that no row can have as its number. */
export function wholeNumberOf(text: unknown): number | null {
  const number = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= NUMBER_MAX ? number : null;
}
