// Engines and what they are called. What an engine can do is its own folder's business (packages/engines).

export const ENGINES = ['postgresql', 'mysql', 'mongodb'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Whether `text` names an engine of the design. Whether a server of it exists is the store's to say. */
export function isEngineName(text: string): text is EngineName {
  return ENGINES.some((engine) => engine === text);
}
