// Every address that an Express app knows, found by walking its routers: what is there, not what a list says is there.

/** `GET /v1/databases/:id`, for each. */
export function addressesOf(app: object): string[] {
  return layersOf(property(app, 'router')).flatMap((layer) => addressesBelow(layer, ''));
}

function addressesBelow(layer: unknown, prefix: string): string[] {
  const route = property(layer, 'route');
  if (route === undefined) {
    const mount = `${prefix}${String(property(layer, 'rawPath'))}`.replace(/\/$/, '');
    return layersOf(property(layer, 'handle')).flatMap((each) => addressesBelow(each, mount));
  }
  const methods = Object.keys(Object(property(route, 'methods'))).filter((method) => method !== '_all'); // the 405s
  return methods.map((method) => `${method.toUpperCase()} ${prefix}${String(property(route, 'path'))}`);
}

/** Those of a router; none for a handler. */
function layersOf(router: unknown): unknown[] {
  const stack = property(router, 'stack');
  return Array.isArray(stack) ? stack : [];
}

function property(thing: unknown, key: string): unknown {
  const isThing = (typeof thing === 'object' && thing !== null) || typeof thing === 'function';
  return isThing ? Reflect.get(thing, key) : undefined;
}
