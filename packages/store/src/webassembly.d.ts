// The little of WebAssembly that schema-engine.ts uses; TypeScript declares it only for browsers.
declare namespace WebAssembly {
  function instantiate(
    bytes: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}
